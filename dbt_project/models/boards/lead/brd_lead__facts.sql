-- The lead as its page shows it on the day (线索概况): what the ledger does not date as it is written now, stage and contacts of the day,
-- nothing of a firm that was founded later.
with follow_ups as (

    select
        lead_id,
        count(*) as follow_up_count,
        max(follow_up_date) as last_follow_up_date
    from {{ ref('fct_follow_ups') }}
    where {{ by_the_day('known_date') }}
    group by lead_id

)

select
    leads.* replace (
        case when courses.is_ended then '终止' else coalesce(courses.stage, '线索') end as stage,
        coalesce(courses.ended_date, courses.stage_date) as stage_date,
        coalesce(courses.is_open, true) as is_open,
        {{ count_told('follow_ups.follow_up_count', 'follow_ups') }} as follow_up_count,
        follow_ups.last_follow_up_date as last_follow_up_date,
        case when {{ by_the_day('leads.established_date') }} then leads.established_date end as established_date
    )
from {{ ref('dim_leads') }} as leads
left join {{ ref('brd_lead__courses') }} as courses on leads.lead_id = courses.lead_id
left join follow_ups on leads.lead_id = follow_ups.lead_id
where {{ reported_by('leads.reported_date') }}
