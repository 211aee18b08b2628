-- How many leads came how far. A lead that skipped a stage (a district reports 备案 and 供地 in any order) still counts as
-- having come at least that far.
with stages as (

    select
        stage,
        cast(min(stage_order) as bigint) as stage_order
    from {{ ref('stage_rules') }}
    group by stage

),

leads as (

    select
        lead_id,
        reported_date,
        stage as current_stage
    from {{ ref('dim_leads') }}

),

moves as (

    select
        lead_id,
        stage,
        stage_order,
        bool_or(has_required_evidence) as has_required_evidence,
        min(moved_date) filter (where has_required_evidence) as reached_date
    from {{ ref('fct_stage_moves') }}
    group by lead_id, stage, stage_order

),

furthest as (

    select
        leads.lead_id,
        coalesce(max(moves.stage_order) filter (where moves.has_required_evidence and moves.stage != '终止'), 1) as furthest_order
    from leads
    left join moves on leads.lead_id = moves.lead_id
    group by leads.lead_id

),

lead_count as (

    select count(*) as lead_count from leads

),

at_least as (

    select
        stages.stage,
        count(*) filter (where furthest.furthest_order >= stages.stage_order) as at_least_lead_count,
        count(*) filter (
            where furthest.furthest_order = stages.stage_order and leads.current_stage = '终止'
        ) as lost_lead_count,
        count(*) filter (where leads.current_stage = stages.stage) as current_lead_count
    from stages
    cross join furthest
    inner join leads on furthest.lead_id = leads.lead_id
    group by stages.stage

),

reached as (

    select
        moves.stage,
        count(*) filter (where moves.has_required_evidence) as reached_lead_count,
        count(*) filter (where not moves.has_required_evidence) as not_counted_lead_count,
        median(moves.reached_date - leads.reported_date) as median_days_from_reported
    from moves
    inner join leads on moves.lead_id = leads.lead_id
    group by moves.stage

)

select
    stages.stage,
    stages.stage_order,
    coalesce(reached.reached_lead_count, 0) as reached_lead_count,
    coalesce(
        case when stages.stage = '终止' then reached.reached_lead_count else at_least.at_least_lead_count end, 0
    ) as at_least_lead_count,
    coalesce(reached.not_counted_lead_count, 0) as not_counted_lead_count,
    coalesce(at_least.current_lead_count, 0) as current_lead_count,
    coalesce(at_least.lost_lead_count, 0) as lost_lead_count,
    case
        when lead_count.lead_count > 0
            then round(
                100.0 * coalesce(
                    case when stages.stage = '终止' then reached.reached_lead_count else at_least.at_least_lead_count end, 0
                ) / lead_count.lead_count, 2
            )
    end as at_least_pct,
    reached.median_days_from_reported
from stages
cross join lead_count
left join at_least on stages.stage = at_least.stage
left join reached on stages.stage = reached.stage
