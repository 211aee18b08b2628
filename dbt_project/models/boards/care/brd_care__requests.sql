-- Requests and difficulties (企业诉求、困难和问题) as they stood on the day: open, overdue, re-opened, answered how fast.
with requests as (

    select
        requests.* exclude (closed_date, reopened_date, responded_date, satisfaction),
        case when {{ by_the_day('requests.closed_date') }} then requests.closed_date end as closed_date,
        case when {{ by_the_day('requests.reopened_date') }} then requests.reopened_date end as reopened_date,
        case when {{ by_the_day('requests.responded_date') }} then requests.responded_date end as responded_date,
        case when {{ by_the_day('requests.closed_date') }} then requests.satisfaction end as satisfaction,
        coalesce(names.unit_name, requests.handling_unit_name) as unit_name,
        names.unit_name is not null as is_known_unit,
        coalesce(requests.due_date, requests.received_date + cast({{ rule('request_due_days') }} as integer)) as standing_due_date
    from {{ ref('stg_ledger__enterprise_requests') }} as requests
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('requests.handling_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day('requests.received_date') }}

),

judged as (

    select
        *,
        -- Closed again after it was opened again counts as closed.
        closed_date is not null and (reopened_date is null or reopened_date < closed_date) as is_closed
    from requests

)

select
    judged.request_id,
    judged.enterprise_name,
    judged.uscc,
    judged.lead_id,
    leads.project_name,
    judged.request_kind,
    judged.request_text,
    judged.received_date,
    judged.unit_name,
    judged.is_known_unit,
    judged.standing_due_date as due_date,
    judged.due_date is null as is_due_by_rule,
    judged.is_closed,
    case when judged.is_closed then judged.closed_date end as closed_date,
    judged.closed_by,
    judged.reopened_date,
    judged.reopened_date is not null as is_reopened,
    case
        when judged.closed_date < judged.received_date then '办结日期早于提出日期，请核对'
        when judged.is_closed and judged.closed_date > judged.standing_due_date then '超期办结'
        when judged.is_closed then '按期办结'
        when {{ before_the_day('judged.standing_due_date') }} then '超期未办结'
        else '在办'
    end as state,
    not judged.is_closed and coalesce({{ before_the_day('judged.standing_due_date') }}, false) as is_overdue,
    case when not judged.is_closed and {{ before_the_day('judged.standing_due_date') }}
        then {{ as_of_date() }} - judged.standing_due_date end as overdue_days,
    case when judged.responded_date >= judged.received_date then judged.responded_date - judged.received_date end as response_days,
    case when judged.is_closed and judged.closed_date >= judged.received_date then judged.closed_date - judged.received_date end
        as closing_days,
    coalesce(judged.is_complaint, false) as is_complaint,
    judged.satisfaction,
    judged.result_text,
    {{ as_of_date() }} as as_of_date
from judged
left join {{ ref('brd_lead__standing') }} as leads on judged.lead_id = leads.lead_id
