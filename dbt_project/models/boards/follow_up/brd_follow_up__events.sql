-- Collective signings and starts (集中签约、集中开工) with the projects assigned, and what became of each by the as-of day.
with events as (

    select
        *,
        nullif(trim(unnest(case
            when lead_ids is null or trim(lead_ids) = '' then ['']
            else regexp_split_to_array(lead_ids, '[、;；,，]')
        end)), '') as written_lead_id
    from {{ ref('stg_ledger__trips_events') }}
    where event_kind in ('集中签约', '集中开工')

),

names as (

    select * from {{ ref('int_unit__names') }} where not is_ambiguous

)

select distinct
    events.event_id,
    coalesce(events.written_lead_id, '') as lead_id,
    events.event_name,
    events.event_kind,
    events.start_date,
    coalesce(names.unit_name, events.written_unit_name) as unit_name,
    {{ as_of_date() }} as as_of_date,
    not {{ by_the_day('events.start_date') }} as is_ahead,
    stages.project_name,
    stages.investment_wan_cny,
    case
        when events.written_lead_id is null then '未安排项目'
        when stages.lead_id is null then '线索编号不在线索台账中'
        else stages.stage
    end as stage,
    stages.signed_date,
    stages.started_date,
    case
        when stages.lead_id is null or not {{ by_the_day('events.start_date') }} then null
        when events.event_kind = '集中签约' and stages.signed_date is null then '尚未签约'
        when events.event_kind = '集中签约' and stages.started_date is null
            then '签约后' || ({{ as_of_date() }} - stages.signed_date) || '天未开工'
        when events.event_kind = '集中开工' and stages.started_date is null then '没有开工佐证'
        when stages.in_operation_date is not null then '已投产'
        else '已开工'
    end as outcome_text
from events
left join {{ ref('brd_follow_up__stages') }} as stages on events.written_lead_id = stages.lead_id
left join names on {{ name_form('events.written_unit_name') }} = names.name_form
