-- Visits that do not say with whom, by name and code, or what comes next. Contact persons never reach the warehouse and are
-- looked after at the desk.
with visits as (

    select
        facts.*,
        written.counterparty_name,
        written.counterparty_uscc,
        written.event_id,
        leads.project_name,
        leads.enterprise_name,
        -- The lead's own code counts where the counterparty is the investor.
        coalesce(
            written.counterparty_uscc,
            case
                when {{ name_form('written.counterparty_name') }} = {{ name_form('leads.enterprise_name') }} then leads.uscc
            end
        ) as known_uscc
    from {{ ref('fct_follow_ups') }} as facts
    inner join {{ ref('dim_leads') }} as leads on facts.lead_id = leads.lead_id
    inner join {{ ref('stg_ledger__follow_ups') }} as written
        on facts.lead_id = written.lead_id
        and facts.follow_up_date = written.follow_up_date
        and facts.method = written.method
        and facts.content is not distinct from written.content
    where facts.is_in_person and {{ by_the_day('facts.known_date') }}

)

select
    lead_id,
    project_name,
    unit_name,
    follow_up_date,
    method,
    content,
    led_by,
    counterparty_name,
    known_uscc as counterparty_uscc,
    next_step,
    concat_ws('、',
        case when counterparty_name is null then '洽谈对象' end,
        case when known_uscc is null then '信用代码' end,
        case when next_step is null then '下一步计划' end
    ) as missing_text,
    {{ as_of_date() }} as as_of_date
from visits
where counterparty_name is null or known_uscc is null or next_step is null
