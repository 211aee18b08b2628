-- Every move of every lead beside the one before it: the first, forward, past a stage, back, once more, or open again after 终止.
-- Nothing is overwritten.
with moves as (

    select
        moves.*,
        leads.reported_date,
        leads.project_name,
        lag(moves.stage) over in_order as previous_stage,
        lag(moves.stage_order) over in_order as previous_order,
        lag(moves.moved_date) over in_order as previous_date
    from {{ ref('fct_stage_moves') }} as moves
    inner join {{ ref('dim_leads') }} as leads on moves.lead_id = leads.lead_id
    window in_order as (partition by moves.lead_id order by moves.moved_date, moves.stage_order)

)

select
    lead_id,
    project_name,
    unit_name,
    moved_date,
    known_date,
    stage,
    previous_stage,
    {{ move_kind() }} as move_kind,
    cast(moved_date - coalesce(previous_date, reported_date) as bigint) as days_since_previous,
    moved_date < reported_date as is_before_reported,
    has_required_evidence,
    not_counted_reason
from moves
