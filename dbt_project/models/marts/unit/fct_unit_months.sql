-- Units that did nothing in a month stand with 0, so that nobody is missing from a board.
with events as (

    select
        unit_name,
        event,
        date_trunc('month', event_date) as month_date
    from {{ ref('fct_unit_events') }}

),

follow_ups as (

    select
        unit_name,
        is_in_person,
        date_trunc('month', follow_up_date) as month_date
    from {{ ref('fct_follow_ups') }}

),

months as (

    select cast(unnest(generate_series(min(month_date), max(month_date), interval 1 month)) as date) as month_date
    from (
        select month_date from events
        union all
        select month_date from follow_ups
    ) as dated

),

event_counts as (

    select
        unit_name,
        month_date,
        count(*) filter (where event = '报备') as new_lead_count,
        count(*) filter (where event = '签约') as signed_count,
        count(*) filter (where event = '开工') as started_count
    from events
    group by unit_name, month_date

),

follow_up_counts as (

    select
        unit_name,
        month_date,
        count(*) as follow_up_count,
        count(*) filter (where is_in_person) as in_person_count
    from follow_ups
    group by unit_name, month_date

)

select
    units.unit_name,
    months.month_date,
    coalesce(event_counts.new_lead_count, 0) as new_lead_count,
    coalesce(follow_up_counts.follow_up_count, 0) as follow_up_count,
    coalesce(follow_up_counts.in_person_count, 0) as in_person_count,
    coalesce(event_counts.signed_count, 0) as signed_count,
    coalesce(event_counts.started_count, 0) as started_count
from {{ ref('dim_units') }} as units
cross join months
left join event_counts
    on units.unit_name = event_counts.unit_name and months.month_date = event_counts.month_date
left join follow_up_counts
    on units.unit_name = follow_up_counts.unit_name and months.month_date = follow_up_counts.month_date
