-- 试一试: every lead gets a first contact within so many days of its report. One row per lead whose days are over, or that
-- was contacted; the share of a unit is their mean.
with days as (

    select {{ rule('try_contact_days') }} as try_days

),

leads as (

    select
        standing.*,
        cast(days.try_days as bigint) as try_days,
        first_contact_date - reported_date as days_to_contact,
        {{ as_of_date() }} - reported_date as days_since_report
    from {{ ref('brd_lead__standing') }} as standing
    cross join days
    -- Stages that nobody reaches without talking are no test of the first contact. Without 跟进记录 nobody knows of any.
    where (lost_date is null or first_contact_date is not null or lost_date - reported_date > days.try_days)
        and {{ is_kept('follow_ups') }} and reported_date is not null

),

judged as (

    select
        *,
        case
            when days_to_contact <= try_days then '按时联系'
            when days_to_contact is not null then '超时联系'
            when days_since_report > try_days then '未联系'
            else '未到期'
        end as verdict
    from leads

)

select
    lead_id,
    project_name,
    enterprise_name,
    unit_name,
    reported_date,
    try_days,
    first_contact_date,
    days_to_contact,
    case when verdict = '未联系' then days_since_report - try_days end as overdue_days,
    verdict,
    case when verdict != '未到期' then verdict = '按时联系' end as is_on_time,
    100.0 * count(*) filter (where verdict = '按时联系') over (partition by unit_name)
        / nullif(count(*) filter (where verdict != '未到期') over (partition by unit_name), 0) as unit_on_time_pct,
    lead_source,
    source_file,
    source_sheet,
    source_row,
    {{ as_of_date() }} as as_of_date
from judged
