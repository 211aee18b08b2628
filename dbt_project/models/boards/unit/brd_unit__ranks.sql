-- Each unit among those of its kind (镇比镇、街道比街道), month by month, on what the year has brought so far. Equal values
-- share a rank. By task: the same on the share of the year's task; without a task there is no share (未下达).
with cumulative as (

    select
        *,
        cast(year(month_date) as bigint) as target_year,
        cast(sum(cast(indicator_value as decimal(18, 4))) over so_far as double) as year_value
    from {{ ref('brd_unit__indicators') }}
    window so_far as (partition by unit_name, indicator, year(month_date) order by month_date)

),

-- The task that held at the end of the month: a change counts from its day, what stood before it stays ranked by the old.
held as (

    select
        cumulative.unit_name,
        cumulative.indicator,
        cumulative.month_date,
        targets.target_value
    from cumulative
    inner join {{ ref('fct_target_history') }} as targets
        on cumulative.unit_name = targets.unit_name
        and cumulative.target_year = targets.target_year
        and cumulative.indicator = targets.indicator
    where {{ by_the_day('targets.valid_from_date', 'least(last_day(cumulative.month_date), ' ~ as_of_date() ~ ')') }}
        and coalesce(not {{ by_the_day('targets.valid_to_date', 'least(last_day(cumulative.month_date), ' ~ as_of_date() ~ ')') }}, true)
        and (cumulative.measure in ('个', '次') or cumulative.measure = targets.measure)

),

measured as (

    select
        cumulative.*,
        held.target_value,
        case when held.target_value > 0 then round(100 * cumulative.year_value / held.target_value, 2) end as completion_pct
    from cumulative
    left join held
        on cumulative.unit_name = held.unit_name
        and cumulative.indicator = held.indicator
        and cumulative.month_date = held.month_date

)

select
    unit_name,
    unit_type,
    indicator,
    indicator_order,
    measure,
    month_date,
    year_value,
    case when year_value is not null
        then rank() over (partition by indicator, month_date, unit_type order by year_value desc nulls last)
    end as peer_rank,
    count(*) over peers as peer_count,
    median(year_value) over peers as peer_median,
    year_value - median(year_value) over peers as gap_to_median,
    target_value,
    completion_pct,
    case
        when completion_pct is not null
            then rank() over (partition by indicator, month_date, unit_type order by completion_pct desc nulls last)
    end as completion_rank,
    month_date = max(month_date) over () as is_latest_month,
    as_of_date
from measured
window peers as (partition by indicator, month_date, unit_type)
