-- How many leads, and how much money, came how far, for each slice. A skipped stage counts as passed. Conversion is from the
-- stage before; an empty stage before has none (暂无). `started_*` counts only projects that have started (不落地都是零).
{% set as_of = as_of_date() %}
{% set is_there = reached(none, 'leads.furthest_order', rank='stages.stage_order') %}
with stages as (

    select
        stage,
        cast(min(stage_order) as bigint) as stage_order
    from {{ source('office', 'stage_rules') }}
    where stage != '终止'
    group by stage

),

leads as (

    select
        lead_id,
        furthest_order,
        stage_order,
        is_ended,
        started_date is not null as is_started,
        investment_wan_cny,
        unnest([
            {'slice_kind': '全区', 'slice_name': '全区'},
            {'slice_kind': '单位类型', 'slice_name': unit_type},
            {'slice_kind': '责任单位', 'slice_name': unit_name},
            {'slice_kind': '产业链', 'slice_name': coalesce(chain_name, '未归入产业链')},
            {'slice_kind': '线索来源', 'slice_name': coalesce(lead_source, '未填')},
            {'slice_kind': '内外资', 'slice_name': case when is_foreign then '外资' when not is_foreign then '内资' else '未填' end},
            {'slice_kind': '首报年度', 'slice_name': coalesce(cast(year(reported_date) as varchar), '未填')}
        ], recursive := true)
    from {{ ref('brd_lead__progress') }}

),

reached as (

    select
        lead_id,
        stage
    from {{ ref('brd_lead__reached') }}
    where own_date is not null

),

not_counted as (

    select
        lead_id,
        stage
    from {{ ref('fct_stage_moves') }}
    where {{ by_the_day('known_date') }}
    group by lead_id, stage
    having not bool_or(has_required_evidence)

),

counted as (

    select
        leads.slice_kind,
        leads.slice_name,
        stages.stage,
        stages.stage_order,
        count(*) filter (where {{ is_there }}) as at_least_count,
        coalesce(
            {{ money_sum('leads.investment_wan_cny', is_there) }}, 0
        ) as at_least_wan_cny,
        count(reached.lead_id) as reached_count,
        count(*) filter (
            where {{ is_there }} and reached.lead_id is null and stages.stage != '线索'
        ) as skipped_count,
        count(*) filter (where leads.stage_order = stages.stage_order and not leads.is_ended) as current_count,
        count(*) filter (where leads.stage_order = stages.stage_order and leads.is_ended) as ended_count,
        count(not_counted.lead_id) as not_counted_count,
        count(*) filter (where leads.is_started and {{ is_there }}) as started_count,
        coalesce({{ money_sum('leads.investment_wan_cny', 'leads.is_started and ' ~ is_there) }}, 0) as started_wan_cny
    from leads
    cross join stages
    left join reached on leads.lead_id = reached.lead_id and stages.stage = reached.stage
    left join not_counted on leads.lead_id = not_counted.lead_id and stages.stage = not_counted.stage
    group by leads.slice_kind, leads.slice_name, stages.stage, stages.stage_order

)

select
    slice_kind,
    slice_name,
    stage,
    stage_order,
    at_least_count,
    at_least_wan_cny,
    round(100.0 * at_least_count / nullif(lag(at_least_count) over in_order, 0), 2) as from_previous_pct,
    reached_count,
    skipped_count,
    current_count,
    ended_count,
    not_counted_count,
    started_count,
    started_wan_cny,
    {{ as_of }} as as_of_date
from counted
window in_order as (partition by slice_kind, slice_name order by stage_order)
