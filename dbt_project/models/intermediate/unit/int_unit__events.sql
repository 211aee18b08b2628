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

)

select
    unit_name,
    '报备' as event,
    lead_id,
    reported_date as event_date,
    investment_wan_cny
from leads

union all

-- A project is counted once, on the day on which it first reached the stage.
select
    leads.unit_name,
    first_reached.stage as event,
    leads.lead_id,
    first_reached.reached_date as event_date,
    leads.investment_wan_cny
from first_reached
inner join leads on first_reached.lead_id = leads.lead_id
