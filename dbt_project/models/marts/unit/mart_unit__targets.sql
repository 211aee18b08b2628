-- Task, done and gap. A task that was never set reads 未下达 and is null: nobody is behind on it, and nobody ahead.
with events as (

    select
        unit_name,
        event,
        cast(year(event_date) as bigint) as target_year,
        investment_wan_cny
    from {{ ref('int_unit__events') }}

),

done as (

    select
        unit_name,
        target_year,
        unnest([
            {'indicator': '新增线索数', 'done_value': cast(count(*) filter (where event = '报备') as double)},
            {'indicator': '新签约项目数', 'done_value': cast(count(*) filter (where event = '签约') as double)},
            {'indicator': '新开工项目数', 'done_value': cast(count(*) filter (where event = '开工') as double)},
            -- Added up as decimals: a sum of doubles would depend on the order of the rows.
            {'indicator': '签约金额', 'done_value': coalesce(
                cast(sum(cast(investment_wan_cny as decimal(18, 4))) filter (where event = '签约') as double), 0
            )}
        ], recursive := true)
    from events
    group by unit_name, target_year

),

targets as (

    select * from {{ ref('fct_targets') }}

),

years as (

    select target_year from events
    union
    select target_year from targets

),

indicators as (

    select
        indicator,
        measure
    from (values ('新增线索数', '个'), ('新签约项目数', '个'), ('新开工项目数', '个'), ('签约金额', '万元'))
        as listed (indicator, measure)

)

select
    units.unit_name,
    years.target_year,
    indicators.indicator,
    indicators.measure,
    targets.target_value,
    coalesce(
        regexp_replace(printf('%.2f', targets.target_value), '\.?0+$', '') || indicators.measure, '未下达'
    ) as target_text,
    coalesce(done.done_value, 0) as done_value,
    -- greatest() passes over nulls: without the condition a task never set would show a gap of 0.
    case
        when targets.target_value is not null then greatest(targets.target_value - coalesce(done.done_value, 0), 0)
    end as gap_value,
    case
        when targets.target_value > 0 then round(100 * coalesce(done.done_value, 0) / targets.target_value, 2)
    end as completion_pct
from {{ ref('dim_units') }} as units
cross join years
cross join indicators
left join targets
    on units.unit_name = targets.unit_name
    and years.target_year = targets.target_year
    and indicators.indicator = targets.indicator
left join done
    on units.unit_name = done.unit_name
    and years.target_year = done.target_year
    and indicators.indicator = done.indicator
