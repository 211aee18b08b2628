-- The other way round than in ftr_lead__12m, and from the landed file: a lead is closed only after a closing move became
-- known, and always after a known 终止.
{{ config(meta={'dagster': {'ref': {'name': 'ftr_lead__12m'}}}) }}
with closing as (

    select
        lead_id,
        min({{ known_date('moved_date', 'recorded_date') }}) as closed_date,
        min({{ known_date('moved_date', 'recorded_date') }}) filter (where stage = '终止') as lost_date
    from (
        select *
        from {{ source('landing', 'stage_moves') }}
        qualify {{ received_rank('stage_moves') }} = 1
    ) as standing
    where stage in ('开工', '竣工', '投产', '达效', '终止')
    group by lead_id

)

select
    features.lead_id,
    features.as_of_date,
    features.is_open,
    closing.closed_date,
    closing.lost_date
from {{ ref('ftr_lead__12m') }} as features
left join closing on features.lead_id = closing.lead_id
where (not features.is_open and coalesce(closing.closed_date >= features.as_of_date, true))
    or (features.is_open and coalesce(closing.lost_date < features.as_of_date, false))
