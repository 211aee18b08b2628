-- Leads that stand in one stage longer than the office's limit for it.
{% set as_of = as_of_date() %}
with limits as (

    select
        stage,
        arg_max(limit_days, valid_from) as limit_days,
        arg_max(is_contact, valid_from) as is_contact,
        arg_max(source_text, valid_from) as rule_source
    from {{ source('office', 'stage_limits') }}
    where {{ by_the_day('valid_from') }}
    group by stage

)

select
    progress.lead_id,
    progress.project_name,
    progress.unit_name,
    coalesce(roles.is_lead_department, false) as is_lead_department,
    progress.stage,
    limits.is_contact,
    progress.stage_date,
    cast({{ as_of }} - progress.stage_date as bigint) as days_in_stage,
    cast(limits.limit_days as bigint) as limit_days,
    progress.last_activity_date,
    progress.investment_wan_cny,
    limits.rule_source,
    progress.as_of_date
from {{ ref('brd_lead__progress') }} as progress
inner join limits on progress.stage = limits.stage
inner join {{ ref('stg_ledger__units') }} as roles on progress.unit_name = roles.unit_name
where not progress.is_ended
    and {{ as_of }} - progress.stage_date > limits.limit_days
