-- A leak in the join of ftr_lead__12m would be invisible to its own latest_fact_date. So follow-ups are counted again by
-- another way: from the landed file, numbered in the order in which they became known, looked up by an as-of join.
-- It reads the source and no other model, so that it belongs to the build of features alone.
{{ config(meta={'dagster': {'ref': {'name': 'ftr_lead__12m'}}}) }}
with standing as (

    select
        lead_id,
        {{ known_date('follow_up_date', 'recorded_date') }} as known_date
    from {{ source('landing', 'follow_ups') }}
    qualify {{ received_rank('follow_ups') }} = 1

),

numbered as (

    select distinct
        lead_id,
        known_date,
        count(*) over (partition by lead_id order by known_date) as known_count
    from standing

),

recounted as (

    select
        features.lead_id,
        features.as_of_date,
        features.follow_up_count,
        coalesce(numbered.known_count, 0) as recounted
    from {{ ref('ftr_lead__12m') }} as features
    asof left join numbered
        on features.lead_id = numbered.lead_id and features.as_of_date >= numbered.known_date

)

select *
from recounted
where follow_up_count != recounted
