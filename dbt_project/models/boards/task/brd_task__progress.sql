-- Gap to the task (欠账), pace and projected year end, as known by the as-of day. The expectation is weighted by time: the
-- share of the year's days that have passed (a leap year has 366).
with {{ counted_task_facts() }},

history as (

    select * from {{ ref('fct_target_history') }}

),

targets as (

    select
        target_year,
        unit_name,
        indicator,
        arg_max(target_value, valid_from_date) as target_value,
        arg_min(target_value, valid_from_date) as original_target_value,
        nullif(max(valid_from_date), date '1900-01-01') as changed_date
    from history
    where {{ by_the_day('valid_from_date') }}
    group by target_year, unit_name, indicator

),

years as (

    select
        target_year,
        least(make_date(target_year, 12, 31), {{ as_of_date() }}) as year_end,
        -- Days of the year that have passed, and that it has.
        {{ days_passed('make_date(target_year, 1, 1)', 'make_date(target_year + 1, 1, 1)') }} as passed_days,
        make_date(target_year + 1, 1, 1) - make_date(target_year, 1, 1) as all_days
    from (
        select distinct target_year from history
        union
        select cast(year({{ as_of_date() }}) as bigint)
    ) as found

),

done as (

    select
        counted.unit_name,
        years.target_year,
        counted.indicator,
        cast(sum(counted.fact_value) as double) as done_value,
        count(*) as counted_count
    from counted
    inner join {{ source('office', 'indicators') }} as indicators on counted.indicator = indicators.indicator
    inner join years
        on case
            when indicators.is_stock then {{ by_the_day('counted.fact_date', 'years.year_end') }}
                and coalesce(not {{ by_the_day('counted.until_date', 'years.year_end') }}, true)
            else counted.target_year = years.target_year
        end
    group by counted.unit_name, years.target_year, counted.indicator

),

not_counted as (

    select
        unit_name,
        target_year,
        indicator,
        count(distinct fact_key) as not_counted_count
    from facts
    anti join counted on facts.indicator = counted.indicator and facts.fact_key = counted.fact_key
    group by unit_name, target_year, indicator

),

told as (

    select distinct
        target_year,
        indicator
    from facts

),

joined as (

    select
        units.unit_name,
        units.unit_type,
        years.target_year,
        indicators.indicator,
        indicators.indicator_order,
        indicators.measure,
        targets.target_value,
        targets.original_target_value,
        targets.changed_date,
        case
            when years.passed_days > 0
                and case
                    when indicators.counted_by in ('报备', '储备') then {{ is_kept('leads') }}
                    when indicators.counted_by in ('阶段个数', '阶段金额') then {{ is_kept('stage_moves') }}
                    else told.indicator is not null
                end
                then coalesce(done.done_value, 0)
        end as done_value,
        coalesce(done.counted_count, 0) as counted_count,
        coalesce(not_counted.not_counted_count, 0) as not_counted_count,
        years.passed_days,
        years.all_days,
        case when indicators.is_stock then 1.0 else cast(years.passed_days as double) / years.all_days end as due_share
    from {{ ref('dim_units') }} as units
    cross join years
    inner join {{ source('office', 'indicators') }} as indicators on indicators.is_task
    left join targets
        on units.unit_name = targets.unit_name
        and years.target_year = targets.target_year
        and indicators.indicator = targets.indicator
    left join done
        on units.unit_name = done.unit_name
        and years.target_year = done.target_year
        and indicators.indicator = done.indicator
    left join not_counted
        on units.unit_name = not_counted.unit_name
        and years.target_year = not_counted.target_year
        and indicators.indicator = not_counted.indicator
    left join told on years.target_year = told.target_year and indicators.indicator = told.indicator

),

paced as (

    select
        *,
        case when target_value is not null and done_value is not null then greatest(target_value - done_value, 0) end
            as gap_value,
        target_value * due_share as expected_value,
        case when target_value * due_share > 0 then 100 * done_value / (target_value * due_share) end as pace_pct
    from joined

)

select
    unit_name,
    unit_type,
    target_year,
    indicator,
    indicator_order,
    measure,
    {{ as_of_date() }} as as_of_date,
    target_value,
    coalesce({{ number_text('target_value') }} || measure, '未下达') as target_text,
    original_target_value,
    changed_date,
    done_value,
    coalesce({{ number_text('done_value') }} || measure, '暂无') as done_text,
    counted_count,
    not_counted_count,
    gap_value,
    case when target_value > 0 then round(100 * done_value / target_value, 2) end as completion_pct,
    round(100 * cast(passed_days as double) / all_days, 2) as passed_pct,
    due_share,
    round(expected_value, 2) as expected_value,
    -- Without the condition a task never set would show arrears of 0.
    case when expected_value is not null and done_value is not null then round(greatest(expected_value - done_value, 0), 2) end
        as arrears_value,
    -- A month is the twelfth part of the year: what every month that is left must bring, and what a month has brought.
    case when passed_days < all_days then round(gap_value * all_days / (all_days - passed_days) / 12, 2) end
        as required_per_month,
    case when due_share > 0 and passed_days > 0 then round(done_value * all_days / passed_days / 12, 2) end
        as done_per_month,
    case when passed_days > 0 then round(done_value / due_share, 2) end as projected_value,
    round(pace_pct, 2) as pace_pct,
    case
        when pace_pct < {{ dated_rule('traffic_lights', 'light_key', 'task_pace_pct', 'red_from') }} then '红'
        when pace_pct < {{ dated_rule('traffic_lights', 'light_key', 'task_pace_pct', 'yellow_from') }} then '黄'
        when pace_pct is not null then '绿'
    end as light
from paced
