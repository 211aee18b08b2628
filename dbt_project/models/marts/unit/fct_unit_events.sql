-- Everything that counts for a unit, dated by the day on which it happened: one shape for months and for years.
with leads as (

    select
        lead_id,
        unit_name,
        reported_date,
        investment_wan_cny
    from {{ ref('dim_leads') }}

),

first_reached as (

    select
        lead_id,
        stage,
        min(moved_date) as reached_date
    from {{ ref('fct_stage_moves') }}
    where has_required_evidence and stage in ('签约', '开工')
    group by lead_id, stage

),

events as (

    select
        lead_id,
        '报备' as event,
        reported_date as event_date
    from leads

    union all

    -- A project is counted once, on the day on which it first reached the stage; a repeated signing of one investor and
    -- project is not counted at all (重复签约只计第一次).
    select
        first_reached.lead_id,
        first_reached.stage as event,
        first_reached.reached_date as event_date
    from first_reached
    left join {{ ref('fct_signings') }} as signings on first_reached.lead_id = signings.lead_id
    where first_reached.stage != '签约' or signings.is_counted

)

select
    -- The unit that was responsible on that day: a hand-over moves later events, never earlier ones.
    coalesce(transfers.from_unit_name, leads.unit_name) as unit_name,
    events.event,
    events.lead_id,
    events.event_date,
    leads.investment_wan_cny
from events
inner join leads on events.lead_id = leads.lead_id
asof left join {{ ref('fct_lead_givers') }} as transfers
    on events.lead_id = transfers.lead_id and events.event_date < transfers.transferred_date
-- Months count as tasks do: an expansion (增资扩产) is not new recruitment where the indicator says so.
anti join (
    select
        kinds.lead_id,
        case when indicators.counted_by = '报备' then '报备' else indicators.stage end as event
    from {{ ref('int_lead__recruit_kind') }} as kinds
    inner join {{ source('office', 'indicators') }} as indicators
        on indicators.leaves_out_expansions and indicators.counted_by in ('报备', '阶段个数')
    where kinds.is_expansion
) as left_out
    on events.lead_id = left_out.lead_id and events.event = left_out.event
