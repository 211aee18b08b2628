-- How far every lead had come as known before the as-of day, with the day of each stage (截至日的项目阶段).
with known as (

    select
        lead_id,
        stage,
        stage_order,
        min(moved_date) as reached_date
    from {{ ref('fct_stage_moves') }}
    where has_required_evidence and known_date < {{ as_of_date() }} and moved_date < {{ as_of_date() }}
    group by lead_id, stage, stage_order

),

reached as (

    select
        lead_id,
        arg_max(stage, stage_order) as stage,
        max(stage_order) as stage_order,
        min(reached_date) filter (where stage = '签约') as signed_date,
        min(reached_date) filter (where stage = '开工') as started_date,
        min(reached_date) filter (where stage = '竣工') as completed_date,
        min(reached_date) filter (where stage = '投产') as in_operation_date,
        min(reached_date) filter (where stage = '达效') as full_effect_date,
        min(reached_date) filter (where stage = '终止') as lost_date
    from known
    group by lead_id

),

-- Handed over later: on the day it was still the giver's.
owners as (

    select
        transfers.lead_id,
        arg_min(transfers.from_unit_name, transfers.transferred_date) as unit_name
    from {{ ref('fct_lead_givers') }} as transfers
    where transfers.transferred_date >= {{ as_of_date() }}
    group by transfers.lead_id

)

select
    leads.lead_id,
    leads.project_name,
    leads.enterprise_name,
    leads.uscc,
    coalesce(owners.unit_name, leads.unit_name) as unit_name,
    leads.reported_date,
    leads.investment_wan_cny,
    leads.is_foreign,
    leads.industry_code,
    leads.land_mu,
    coalesce(reached.stage, '线索') as stage,
    coalesce(reached.stage_order, 1) as stage_order,
    reached.signed_date,
    reached.started_date,
    reached.completed_date,
    reached.in_operation_date,
    reached.full_effect_date,
    reached.lost_date,
    {{ as_of_date() }} as as_of_date
from {{ ref('dim_leads') }} as leads
left join reached on leads.lead_id = reached.lead_id
left join owners on leads.lead_id = owners.lead_id
where {{ reported_before('leads.reported_date', as_of_date()) }}
