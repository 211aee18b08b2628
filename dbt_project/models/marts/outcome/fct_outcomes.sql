-- What learning reads as truth (标签): stages as evidence shows them reached, leads that were lost, and lost leads that came back (重启).
-- Nothing promised, nothing claimed. A move shows its own stage and those before it: a finished project is no failure to start. Of
-- what a later move shows, only what no earlier row had told by then is a row.
with moves as (

    select * from {{ ref('fct_stage_moves') }} where has_required_evidence

),

in_order as (

    select
        *,
        lag(stage) over (partition by lead_id order by moved_date, stage_order) as previous_stage
    from moves

),

stages as (

    select
        stage,
        min(stage_order) as stage_order
    from {{ source('office', 'stage_rules') }}
    where nullif(trim(evidence_kinds), '') is not null
    group by stage

),

shown as (

    select
        moves.lead_id,
        stages.stage,
        moves.moved_date as reached_date,
        moves.known_date,
        case when moves.stage = stages.stage then moves.paid_tax_wan_cny end as paid_tax_wan_cny,
        moves.stage = stages.stage as is_own,
        coalesce(min(moves.known_date) over (
            partition by moves.lead_id, stages.stage
            order by moves.moved_date, moves.stage_order
            rows between unbounded preceding and 1 preceding
        ) <= moves.known_date, false) as is_told_already
    from moves
    inner join stages on {{ reached(none, 'moves.stage_order', rank='stages.stage_order') }}

)

select
    lead_id,
    stage,
    reached_date,
    known_date,
    paid_tax_wan_cny
from shown
where is_own or not is_told_already
qualify row_number() over (partition by lead_id, stage, reached_date order by is_own desc, known_date) = 1

union all

select
    lead_id,
    case when stage = '终止' then '终止' else '重启' end,
    moved_date,
    known_date,
    null
from in_order
where stage = '终止' or previous_stage = '终止'
