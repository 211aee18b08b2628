-- One line a unit: is it silent, how far do its leads come, what stands overdue, and what is left if only started projects
-- count (不落地都是零).
{% set as_of = as_of_date() %}
with activity as (

    select unit_name, max(follow_up_date) as last_date, count(*) filter (where follow_up_date > {{ as_of }} - 30) as recent_count
    from {{ ref('fct_follow_ups') }}
    where {{ by_the_day('known_date') }}
    group by unit_name
    union all
    select unit_name, max(moved_date), 0
    from {{ ref('fct_stage_moves') }}
    where {{ by_the_day('known_date') }}
    group by unit_name
    union all
    select reported_unit_name, max(reported_date), 0
    from {{ ref('brd_lead__progress') }}
    group by reported_unit_name
    union all
    select names.unit_name, max(trips.start_date), 0
    from {{ ref('stg_ledger__trips_events') }} as trips
    inner join {{ ref('int_unit__names') }} as names
        on {{ name_form('trips.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day('trips.start_date') }}
    group by names.unit_name

),

last_activity as (

    select
        unit_name,
        max(last_date) as last_activity_date,
        sum(recent_count) as recent_count
    from activity
    group by unit_name

),

leads as (

    select
        progress.unit_name,
        count(*) as lead_count,
        count(*) filter (where limits.is_contact and not progress.is_ended) as contact_only_count,
        count(*) filter (where not coalesce(limits.is_contact, false)) as beyond_contact_count,
        count(*) filter (where progress.is_counted_signing) as signed_count,
        coalesce({{ money_sum('progress.investment_wan_cny', 'progress.is_counted_signing') }}, 0) as signed_wan_cny,
        count(*) filter (where progress.started_date is not null) as started_count,
        coalesce({{ money_sum('progress.investment_wan_cny', 'progress.started_date is not null') }}, 0) as started_wan_cny
    from {{ ref('brd_lead__progress') }} as progress
    left join (
        select stage, arg_max(is_contact, valid_from) as is_contact
        from {{ source('office', 'stage_limits') }}
        where {{ by_the_day('valid_from') }}
        group by stage
    ) as limits on progress.stage = limits.stage
    group by progress.unit_name

),

stuck as (

    select unit_name, count(*) as stuck_count from {{ ref('brd_funnel__stuck') }} group by unit_name

),

waiting as (

    select
        unit_name,
        count(*) as signed_not_started_count,
        count(*) filter (where is_past_due) as past_due_count
    from {{ ref('brd_funnel__signed_not_started') }}
    group by unit_name

),

overdue as (

    select unit_name, count(*) as overdue_count from {{ ref('brd_unit__overdue') }} group by unit_name

),

silence as (

    select {{ board_limit('silent_days') }} as silent_limit_days

)

select
    units.unit_name,
    units.unit_type,
    coalesce(roles.is_lead_department, false) as is_lead_department,
    last_activity.last_activity_date,
    cast({{ as_of }} - last_activity.last_activity_date as bigint) as silent_days,
    cast(silence.silent_limit_days as bigint) as silent_limit_days,
    -- A unit that never did anything is silent too; it has no days to tell.
    case
        when {{ is_kept('follow_ups') }}
            then coalesce({{ as_of }} - last_activity.last_activity_date > silence.silent_limit_days, true)
    end as is_silent,
    cast({{ count_told('last_activity.recent_count', 'follow_ups') }} as bigint) as follow_up_count_30d,
    {{ count_told('overdue.overdue_count', 'follow_ups') }} as overdue_count,
    coalesce(leads.lead_count, 0) as lead_count,
    {{ count_told('leads.contact_only_count', 'stage_moves') }} as contact_only_count,
    {{ count_told('leads.beyond_contact_count', 'stage_moves') }} as beyond_contact_count,
    case when leads.lead_count > 0 and {{ is_kept('stage_moves') }} then round(100.0 * leads.beyond_contact_count / leads.lead_count, 2) end as beyond_contact_pct,
    {{ count_told('stuck.stuck_count', 'stage_moves') }} as stuck_count,
    {{ count_told('leads.signed_count', 'stage_moves') }} as signed_count,
    {{ count_told('leads.signed_wan_cny', 'stage_moves') }} as signed_wan_cny,
    {{ count_told('leads.started_count', 'stage_moves') }} as started_count,
    {{ count_told('leads.started_wan_cny', 'stage_moves') }} as started_wan_cny,
    {{ count_told('waiting.signed_not_started_count', 'stage_moves') }} as signed_not_started_count,
    case when {{ is_kept('project_commitments') }} then {{ count_told('waiting.past_due_count', 'stage_moves') }} end as past_due_count,
    {{ as_of }} as as_of_date
from {{ ref('dim_units') }} as units
cross join silence
inner join {{ ref('stg_ledger__units') }} as roles on units.unit_name = roles.unit_name
left join last_activity on units.unit_name = last_activity.unit_name
left join leads on units.unit_name = leads.unit_name
left join stuck on units.unit_name = stuck.unit_name
left join waiting on units.unit_name = waiting.unit_name
left join overdue on units.unit_name = overdue.unit_name
