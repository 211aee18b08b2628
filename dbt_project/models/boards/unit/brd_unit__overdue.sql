-- Leads that wait longer than the rule allows (应联系未联系、应更新未更新). Calendar days; leads before signing.
{% set as_of = as_of_date() %}
with rules as (

    select
        rule_code,
        arg_max(rule_name, valid_from) as rule_name,
        arg_max(limit_value, valid_from) as limit_days,
        arg_max(source_text, valid_from) as rule_source
    from {{ source('office', 'board_limits') }}
    where {{ by_the_day('valid_from') }} and rule_code in ('first_contact_days', 'update_days')
    group by rule_code

),

waiting as (

    select
        progress.*,
        case when contact_count = 0 then 'first_contact_days' else 'update_days' end as rule_code,
        case when contact_count = 0 then reported_date else last_activity_date end as since_date
    from {{ ref('brd_lead__progress') }} as progress
    where not is_ended and not is_in_follow_up and {{ is_kept('follow_ups') }}

)

select
    waiting.lead_id,
    waiting.project_name,
    waiting.unit_name,
    leads.recruiter_no,
    waiting.stage,
    rules.rule_name,
    cast(rules.limit_days as bigint) as limit_days,
    waiting.since_date,
    waiting.since_date + cast(rules.limit_days as integer) as due_date,
    cast({{ as_of }} - waiting.since_date - rules.limit_days as bigint) as overdue_days,
    rules.rule_source,
    waiting.as_of_date
from waiting
inner join rules on waiting.rule_code = rules.rule_code
inner join {{ ref('stg_ledger__leads') }} as leads on waiting.lead_id = leads.lead_id
where {{ as_of }} - waiting.since_date > rules.limit_days
