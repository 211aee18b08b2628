-- Everything that counts for a unit, dated by the day on which it happened: one shape for months and for years.
with leads as (

    select
        lead_id,
        unit_name,
        reported_date,
        investment_wan_cny
    from {{ ref('dim_leads') }}

),

first_reached as (

    select
        lead_id,
        stage,
        min(moved_date) as reached_date
    from {{ ref('fct_stage_moves') }}
    where has_required_evidence and stage in ('签约', '开工')
    group by lead_id, stage

),

events as (

    select
        '报备' as event,
        lead_id,
        reported_date as event_date
    from leads

    union all

    -- A project is counted once, on the day on which it first reached the stage.
    select
        stage as event,
        lead_id,
        reached_date as event_date
    from first_reached

)

select
    -- A lead that was handed over: the unit that had it on that day.
    coalesce(spans.unit_name, leads.unit_name) as unit_name,
    events.event,
    events.lead_id,
    events.event_date,
    leads.investment_wan_cny
from events
inner join leads on events.lead_id = leads.lead_id
asof left join {{ ref('int_lead__unit_spans') }} as spans
    on events.lead_id = spans.lead_id and events.event_date >= spans.valid_from_date
