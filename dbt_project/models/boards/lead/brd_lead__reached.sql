-- What a lead reached, as known before the day: stages with the evidence that the rule asks for, each with the unit that was
-- responsible on that day (a hand-over moves later events, never earlier ones).
with first_reached as (

    select
        lead_id,
        stage,
        stage_order,
        min(moved_date) as reached_date
    from {{ ref('fct_stage_moves') }}
    where has_required_evidence and known_date < {{ as_of_date() }}
    group by lead_id, stage, stage_order

)

select
    first_reached.lead_id,
    first_reached.stage,
    first_reached.stage_order,
    first_reached.reached_date,
    coalesce(transfers.from_unit_name, leads.unit_name) as unit_name
from first_reached
inner join {{ ref('dim_leads') }} as leads
    on first_reached.lead_id = leads.lead_id and {{ reported_before('leads.reported_date', as_of_date()) }}
asof left join {{ ref('fct_lead_givers') }} as transfers
    on first_reached.lead_id = transfers.lead_id and first_reached.reached_date < transfers.transferred_date
