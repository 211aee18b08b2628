-- The lead as every board of the day sees it: one place for what is known, so that boards can't differ.
{% set as_of = as_of_date() %}
with moves as (

    select * from {{ ref('fct_stage_moves') }} where known_date < {{ as_of }}

),

{{ grouped_signings('moves', board_limit('repeat_months')) }},

reports as (

    select
        leads.lead_id,
        leads.unit_name,
        leads.reported_date,
        coalesce(transfers.from_unit_name, leads.unit_name) as reported_unit_name
    from {{ ref('dim_leads') }} as leads
    asof left join {{ ref('fct_lead_givers') }} as transfers
        on leads.lead_id = transfers.lead_id and leads.reported_date < transfers.transferred_date
    where {{ reported_before('leads.reported_date', as_of) }}

),

reached as (

    select
        lead_id,
        max(stage_order) filter (where stage != '终止') as furthest_order,
        arg_max(stage, stage_order) filter (where stage != '终止') as furthest_stage,
        arg_max(reached_date, stage_order) filter (where stage != '终止') as furthest_date,
        min(reached_date) filter (where stage = '在谈') as talk_date,
        min(reached_date) filter (where stage = '签约') as signed_date,
        min(unit_name) filter (where stage = '签约') as signed_unit_name,
        min(reached_date) filter (where stage = '开工') as started_date,
        min(unit_name) filter (where stage = '开工') as started_unit_name,
        min(reached_date) filter (where stage = '竣工') as completed_date,
        min(reached_date) filter (where stage = '投产') as operation_date,
        min(unit_name) filter (where stage = '投产') as operation_unit_name,
        min(reached_date) filter (where stage = '终止') as ended_date
    from {{ ref('brd_lead__reached') }}
    group by lead_id

),

follow_ups as (

    select
        lead_id,
        count(*) as contact_count,
        count(distinct follow_up_date) as contact_day_count,
        min(follow_up_date) as first_contact_date,
        max(follow_up_date) as last_contact_date
    from {{ ref('fct_follow_ups') }}
    where known_date < {{ as_of }}
    group by lead_id

),

last_moves as (

    select
        lead_id,
        max(moved_date) as last_move_date
    from moves
    group by lead_id

),

started as (

    select min(stage_order) as started_order from {{ source('office', 'stage_rules') }} where stage = '开工'

)

select
    reports.lead_id,
    reports.unit_name,
    units.unit_type,
    reports.reported_unit_name,
    reports.reported_date,
    leads.project_name,
    leads.enterprise_name,
    coalesce(reached.furthest_stage, '线索') as stage,
    coalesce(reached.furthest_order, 1) as stage_order,
    coalesce(reached.furthest_date, reports.reported_date) as stage_date,
    reached.talk_date,
    reached.signed_date,
    reached.signed_unit_name,
    coalesce(signings.is_counted, false) as is_counted_signing,
    reached.started_date,
    reached.started_unit_name,
    reached.completed_date,
    reached.operation_date,
    reached.operation_unit_name,
    reached.ended_date,
    reached.ended_date is not null as is_ended,
    reached.ended_date is null and coalesce(reached.furthest_order, 1) < started.started_order as is_open,
    {{ count_told('follow_ups.contact_count', 'follow_ups') }} as contact_count,
    {{ count_told('follow_ups.contact_day_count', 'follow_ups') }} as contact_day_count,
    follow_ups.first_contact_date,
    follow_ups.last_contact_date,
    -- greatest() passes over nulls.
    greatest(follow_ups.last_contact_date, last_moves.last_move_date) as last_activity_date,
    leads.investment_wan_cny,
    leads.is_foreign,
    leads.lead_source,
    leads.chain_name,
    {{ as_of }} as as_of_date
from reports
cross join started
inner join {{ ref('dim_leads') }} as leads on reports.lead_id = leads.lead_id
inner join {{ ref('dim_units') }} as units on reports.unit_name = units.unit_name
left join reached on reports.lead_id = reached.lead_id
left join grouped_signings as signings on reports.lead_id = signings.lead_id and signings.is_first_of_lead
left join follow_ups on reports.lead_id = follow_ups.lead_id
left join last_moves on reports.lead_id = last_moves.lead_id
