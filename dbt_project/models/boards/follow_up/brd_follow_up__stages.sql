-- How far every lead had come as known by the as-of day, with the day of each stage (截至日的项目阶段).
-- Handed over later: on the day it was still the giver's.
with owners as (

    select
        transfers.lead_id,
        arg_min(transfers.from_unit_name, transfers.transferred_date) as unit_name
    from {{ ref('fct_lead_givers') }} as transfers
    where not {{ by_the_day('transfers.transferred_date') }}
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
    case when courses.is_ended then '终止' else coalesce(courses.stage, '线索') end as stage,
    case when courses.is_ended then {{ stage_rank('终止') }} else coalesce(courses.stage_order, 1) end as stage_order,
    -- Signed, not ended, and not gone back to talks.
    not coalesce(courses.is_ended, false) and {{ reached('签约', 'coalesce(courses.stage_order, 1)') }} as is_in_follow_up,
    courses.signed_date,
    courses.started_date,
    courses.completed_date,
    courses.in_operation_date,
    courses.full_effect_date,
    courses.ended_date as lost_date,
    {{ as_of_date() }} as as_of_date
from {{ ref('dim_leads') }} as leads
left join {{ ref('brd_lead__courses') }} as courses on leads.lead_id = courses.lead_id
left join owners on leads.lead_id = owners.lead_id
where {{ reported_by('leads.reported_date') }}
