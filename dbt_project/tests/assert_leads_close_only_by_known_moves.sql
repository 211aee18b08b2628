-- The other way round than in ftr_lead__12m, and from the landed file: a lead is closed only after a closing move became
-- known, and always while the last move known is 终止.
{{ config(meta={'dagster': {'ref': {'name': 'ftr_lead__12m'}}}) }}
with standing as (

    select
        lead_id,
        stage,
        moved_date,
        {{ known_date('moved_date', 'recorded_date') }} as known_date
    from {{ source('landing', 'stage_moves') }}
    qualify {{ received_rank('stage_moves') }} = 1

),

known as (

    select
        features.lead_id,
        features.as_of_date,
        features.is_open,
        bool_or(standing.stage in ('开工', '竣工', '投产', '达效', '终止')) as has_closing_move,
        arg_max(standing.stage, (standing.moved_date, standing.stage = '终止')) = '终止' as is_last_ending
    from {{ ref('ftr_lead__12m') }} as features
    left join standing
        on features.lead_id = standing.lead_id and features.as_of_date >= standing.known_date
    group by features.lead_id, features.as_of_date, features.is_open

)

select *
from known
where (not is_open and not coalesce(has_closing_move, false))
    or (is_open and coalesce(is_last_ending, false))
