-- Signed and not started, with the days since signing and the start that the contract promised (超时限未开工).
{% set as_of = as_of_date() %}
with deadlines as (

    select
        lead_id,
        arg_max(start_due_date, (agreed_date, agreed_contract_no)) as start_due_date,
        arg_max(agreed_contract_no, (agreed_date, agreed_contract_no)) as agreed_contract_no
    from {{ ref('stg_ledger__project_commitments') }}
    where {{ by_the_day('agreed_date') }} and start_due_date is not null
    group by lead_id

)

select
    progress.lead_id,
    progress.project_name,
    progress.enterprise_name,
    progress.unit_name,
    progress.unit_type,
    progress.stage,
    progress.is_counted_signing,
    progress.signed_date,
    cast({{ as_of }} - progress.signed_date as bigint) as days_since_signed,
    deadlines.agreed_contract_no,
    deadlines.start_due_date,
    case when {{ is_kept('project_commitments') }} then coalesce({{ before_the_day('deadlines.start_due_date') }}, false) end as is_past_due,
    case when {{ before_the_day('deadlines.start_due_date') }} then cast({{ as_of }} - deadlines.start_due_date as bigint) end as past_due_days,
    case
        when not {{ is_kept('project_commitments') }} then '暂无项目约定台账'
        when deadlines.start_due_date is null then '合同未约定开工日期'
        when {{ before_the_day('deadlines.start_due_date') }} then '超过约定开工日期'
        else '未到约定开工日期'
    end as due_text,
    progress.investment_wan_cny,
    progress.last_activity_date,
    progress.as_of_date
from {{ ref('brd_lead__progress') }} as progress
left join deadlines on progress.lead_id = deadlines.lead_id
-- Not a project that went back to talks: it has nothing to start.
where progress.is_in_follow_up and progress.started_date is null
