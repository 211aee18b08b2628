-- Task, done and gap. A task that was never set reads 未下达 and is null: nobody is behind on it, and nobody ahead.
-- What no ledger of the year can tell reads 暂无 and is null, never 0.
with facts as (

    select
        *,
        cast(year(fact_date) as bigint) as target_year
    from {{ ref('fct_task_facts') }}

),

-- A project is counted once, on the day on which it first counted.
counted as (

    select *
    from facts
    where not_counted_reason is null
    qualify row_number() over (partition by indicator, fact_key order by fact_date, known_date) = 1

),

targets as (

    select * from {{ ref('fct_target_history') }} where valid_to_date is null

),

years as (

    select distinct target_year from facts
    union
    select distinct target_year from targets

),

done as (

    select
        counted.unit_name,
        years.target_year,
        counted.indicator,
        cast(sum(counted.fact_value) as double) as done_value
    from counted
    inner join {{ ref('indicators') }} as indicators on counted.indicator = indicators.indicator
    inner join years
        on case
            -- What stood in the reserve at the end of the year.
            when indicators.is_stock then counted.target_year <= years.target_year
                and coalesce(year(counted.until_date) > years.target_year, true)
            else counted.target_year = years.target_year
        end
    group by counted.unit_name, years.target_year, counted.indicator

),

-- Leads and stages are always kept; the other ledgers tell of a year only if they have a row of it.
told as (

    select distinct
        target_year,
        indicator
    from facts

),

joined as (

    select
        units.unit_name,
        years.target_year,
        indicators.indicator,
        indicators.measure,
        targets.target_value,
        case
            when indicators.counted_by in ('报备', '阶段个数', '阶段金额', '储备') or told.indicator is not null
                then coalesce(done.done_value, 0)
        end as done_value
    from {{ ref('dim_units') }} as units
    cross join years
    inner join {{ ref('indicators') }} as indicators on indicators.is_task
    left join targets
        on units.unit_name = targets.unit_name
        and years.target_year = targets.target_year
        and indicators.indicator = targets.indicator
    left join done
        on units.unit_name = done.unit_name
        and years.target_year = done.target_year
        and indicators.indicator = done.indicator
    left join told on years.target_year = told.target_year and indicators.indicator = told.indicator

)

select
    unit_name,
    target_year,
    indicator,
    measure,
    target_value,
    coalesce({{ plain_number('target_value') }} || measure, '未下达') as target_text,
    done_value,
    coalesce({{ plain_number('done_value') }} || measure, '暂无') as done_text,
    -- greatest() passes over nulls: without the condition a task never set would show a gap of 0.
    case when target_value is not null and done_value is not null then greatest(target_value - done_value, 0) end as gap_value,
    case when target_value > 0 then round(100 * done_value / target_value, 2) end as completion_pct
from joined
