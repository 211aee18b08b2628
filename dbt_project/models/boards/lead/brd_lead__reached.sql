-- What a lead reached by the day, each stage on the first day that shows it, with the unit that was responsible on that day (a
-- hand-over moves later events, never earlier ones). `own_date` is the day of the stage's own move; without one the stage was
-- skipped. 终止 is listed while it stands.
with counted as (

    select * from {{ ref('fct_stage_moves') }} where has_required_evidence and {{ by_the_day('known_date') }}

),

stages as (

    select
        stage,
        cast(min(stage_order) as bigint) as stage_order
    from {{ source('office', 'stage_rules') }}
    group by stage

),

first_reached as (

    select
        counted.lead_id,
        stages.stage,
        stages.stage_order,
        min(counted.moved_date) as reached_date,
        min(counted.moved_date) filter (where counted.stage = stages.stage) as own_date
    from counted
    inner join stages on {{ reached(none, 'counted.stage_order', rank='stages.stage_order') }}
    group by counted.lead_id, stages.stage, stages.stage_order

    union all

    select
        courses.lead_id,
        '终止',
        stages.stage_order,
        courses.ended_date,
        courses.ended_date
    from {{ ref('brd_lead__courses') }} as courses
    inner join stages on stages.stage = '终止'
    where courses.is_ended

)

select
    first_reached.lead_id,
    first_reached.stage,
    first_reached.stage_order,
    first_reached.reached_date,
    first_reached.own_date,
    coalesce(transfers.from_unit_name, leads.unit_name) as unit_name
from first_reached
inner join {{ ref('dim_leads') }} as leads
    on first_reached.lead_id = leads.lead_id and {{ reported_by('leads.reported_date') }}
asof left join {{ ref('fct_lead_givers') }} as transfers
    on first_reached.lead_id = transfers.lead_id and first_reached.reached_date < transfers.transferred_date
