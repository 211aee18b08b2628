-- Projects by size, unit and year, signed and started. Steps overlap as the office names them; units with none stand with 0.
with events as (

    select '签约' as event, signed_unit_name as unit_name, signed_date as event_date, investment_wan_cny
    from {{ ref('brd_lead__progress') }}
    where is_counted_signing
    union all
    select '开工', started_unit_name, started_date, investment_wan_cny
    from {{ ref('brd_lead__progress') }}
    where started_date is not null

),

years as (

    select distinct cast(year(month_date) as bigint) as event_year from {{ ref('brd_unit__indicators') }}

),

counted as (

    select
        events.unit_name,
        events.event,
        cast(year(events.event_date) as bigint) as event_year,
        steps.size_step,
        count(*) as project_count,
        {{ money_sum('events.investment_wan_cny') }} as amount_wan_cny
    from events
    inner join {{ source('office', 'size_ladder') }} as steps
        on events.investment_wan_cny >= steps.at_least_wan_cny
        and (steps.below_wan_cny is null or events.investment_wan_cny < steps.below_wan_cny)
    group by 1, 2, 3, 4

)

select
    units.unit_name,
    units.unit_type,
    years.event_year,
    kinds.event,
    steps.size_step,
    steps.step_order,
    coalesce(counted.project_count, 0) as project_count,
    coalesce(counted.amount_wan_cny, 0) as amount_wan_cny,
    {{ as_of_date() }} as as_of_date
from {{ ref('dim_units') }} as units
cross join years
cross join (values ('签约'), ('开工')) as kinds (event)
cross join {{ source('office', 'size_ladder') }} as steps
left join counted
    on units.unit_name = counted.unit_name
    and years.event_year = counted.event_year
    and kinds.event = counted.event
    and steps.size_step = counted.size_step
