-- Trips and events with what came of them by evidence (外出招商与活动), and how soon their leads were followed up.
with events as (

    select
        events.*,
        coalesce(names.unit_name, events.written_unit_name) as unit_name,
        coalesce(events.end_date, events.start_date) as last_date
    from {{ ref('stg_ledger__trips_events') }} as events
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('events.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day('events.start_date') }}

),

-- A lead names its event, or the event names the lead; both ways count once.
sourced as (

    select distinct
        event_id,
        lead_id,
        is_new
    from (
        select
            event_id,
            lead_id,
            true as is_new
        from {{ ref('brd_lead__standing') }}
        where event_id is not null

        union all

        select
            event_id,
            unnest({{ written_list('lead_ids') }}) as lead_id,
            false as is_new
        from events
        where lead_ids is not null
    ) as named
    qualify row_number() over (partition by event_id, lead_id order by is_new desc) = 1

),

follow_ups as (

    select
        lead_id,
        follow_up_date
    from {{ ref('fct_follow_ups') }}
    where {{ by_the_day('known_date') }}

),

results as (

    select
        events.event_id,
        leads.lead_id,
        leads.signed_date,
        leads.started_date,
        leads.investment_wan_cny,
        min(follow_ups.follow_up_date) - events.last_date as days_to_follow_up
    from sourced
    inner join events on sourced.event_id = events.event_id
    inner join {{ ref('brd_lead__standing') }} as leads on sourced.lead_id = leads.lead_id
    left join follow_ups on sourced.lead_id = follow_ups.lead_id and follow_ups.follow_up_date > events.last_date
    group by events.event_id, leads.lead_id, leads.signed_date, leads.started_date, leads.investment_wan_cny, events.last_date

),

counted as (

    select
        results.event_id,
        count(*) as lead_count,
        -- Only what happened from the event on is its result.
        count(*) filter (where results.signed_date >= events.start_date) as signed_lead_count,
        count(*) filter (where results.started_date >= events.start_date) as started_lead_count,
        {{ money_sum('results.investment_wan_cny', 'results.signed_date >= events.start_date') }} as signed_wan_cny,
        count(*) filter (where results.days_to_follow_up <= 30) as followed_30d_count,
        count(*) filter (where results.days_to_follow_up <= 60) as followed_60d_count,
        count(*) filter (where results.days_to_follow_up <= 90) as followed_90d_count
    from results
    inner join events on results.event_id = events.event_id
    group by results.event_id

),

unknown_leads as (

    select
        sourced.event_id,
        string_agg(sourced.lead_id, '、' order by sourced.lead_id) as lead_ids
    from sourced
    anti join {{ ref('brd_lead__standing') }} as leads on sourced.lead_id = leads.lead_id
    group by sourced.event_id

)

select
    events.event_id,
    events.event_name,
    events.event_kind,
    events.unit_name,
    coalesce(events.region_name, '未填') as region_name,
    events.start_date,
    events.last_date as end_date,
    events.led_by,
    events.enterprise_count,
    events.talk_count,
    events.clue_count as told_clue_count,
    events.signed_count as told_signed_count,
    coalesce(counted.lead_count, 0) as lead_count,
    coalesce(counted.signed_lead_count, 0) as signed_lead_count,
    coalesce(counted.started_lead_count, 0) as started_lead_count,
    counted.signed_wan_cny,
    events.cost_wan_cny,
    events.cost_wan_cny / nullif(counted.lead_count, 0) as cost_per_lead_wan_cny,
    -- A window that is not over yet has no rate.
    {% for days in [30, 60, 90] %}
    case when {{ as_of_date() }} - events.last_date > {{ days }}
        then 100.0 * counted.followed_{{ days }}d_count / nullif(counted.lead_count, 0) end as followed_{{ days }}d_pct,
    {% endfor %}
    nullif(concat_ws(
        '；',
        case when events.end_date < events.start_date then '结束日期早于开始日期' end,
        case when events.cost_wan_cny < 0 then '费用为负' end,
        case when events.clue_count > coalesce(counted.lead_count, 0)
            then '上报线索 ' || events.clue_count || ' 条，台账能对上 ' || coalesce(counted.lead_count, 0) || ' 条' end,
        '线索编号不在台账中：' || unknown_leads.lead_ids
    ), '') as problem_text,
    {{ as_of_date() }} as as_of_date
from events
left join counted on events.event_id = counted.event_id
left join unknown_leads on events.event_id = unknown_leads.event_id
