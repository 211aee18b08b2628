-- The lead as every board of the day sees it: one place for what is known, so that boards can't differ.
{% set as_of = as_of_date() %}
with moves as (

    select * from {{ ref('fct_stage_moves') }} where {{ by_the_day('known_date') }}

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
    where {{ reported_by('leads.reported_date') }}

),

courses as (

    select * from {{ ref('brd_lead__courses') }}

),

-- The unit that had the lead on the day of each.
reached_units as (

    select
        lead_id,
        min(unit_name) filter (where stage = '签约') as signed_unit_name,
        min(unit_name) filter (where stage = '开工') as started_unit_name,
        min(unit_name) filter (where stage = '投产') as operation_unit_name
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
    where {{ by_the_day('known_date') }}
    group by lead_id

),

last_moves as (

    select
        lead_id,
        max(moved_date) as last_move_date
    from moves
    group by lead_id

)

select
    reports.lead_id,
    reports.unit_name,
    units.unit_type,
    reports.reported_unit_name,
    reports.reported_date,
    leads.project_name,
    leads.enterprise_name,
    coalesce(courses.stage, '线索') as stage,
    coalesce(courses.stage_order, 1) as stage_order,
    coalesce(courses.furthest_order, 1) as furthest_order,
    coalesce(courses.stage_date, reports.reported_date) as stage_date,
    courses.talk_date,
    courses.signed_date,
    reached_units.signed_unit_name,
    coalesce(signings.is_counted, false) as is_counted_signing,
    courses.started_date,
    reached_units.started_unit_name,
    courses.completed_date,
    courses.in_operation_date as operation_date,
    reached_units.operation_unit_name,
    courses.ended_date,
    coalesce(courses.is_ended, false) as is_ended,
    coalesce(courses.is_open, true) as is_open,
    not coalesce(courses.is_ended, false) and {{ reached('签约', 'coalesce(courses.stage_order, 1)') }} as is_in_follow_up,
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
inner join {{ ref('dim_leads') }} as leads on reports.lead_id = leads.lead_id
inner join {{ ref('dim_units') }} as units on reports.unit_name = units.unit_name
left join courses on reports.lead_id = courses.lead_id
left join reached_units on reports.lead_id = reached_units.lead_id
left join grouped_signings as signings on reports.lead_id = signings.lead_id and signings.is_first_of_lead
left join follow_ups on reports.lead_id = follow_ups.lead_id
left join last_moves on reports.lead_id = last_moves.lead_id
