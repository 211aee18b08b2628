-- How far every lead with a counted move came and where it is on the day (截至日的进展): one place for all boards of the day.
with moves as (

    select * from {{ ref('fct_stage_moves') }} where has_required_evidence and {{ by_the_day('known_date') }}

),

{{ lead_courses('moves') }}

select
    lead_id,
    stage,
    stage_order,
    stage_date,
    furthest_order,
    talk_date,
    signed_date,
    started_date,
    completed_date,
    in_operation_date,
    full_effect_date,
    ended_date,
    is_ended,
    is_open,
    last_counted_date
from courses
