-- What can be counted about the way a unit works, by quarter; every unit stands in every quarter. Shares of nothing are 暂无.
{% set as_of = as_of_date() %}
with follow_ups as (

    select * from {{ ref('fct_follow_ups') }} where {{ by_the_day('known_date') }}

),

-- Only rows that say when they were written can tell whether they were written late.
entries as (

    select unit_name, follow_up_date as event_date, recorded_date from follow_ups where recorded_date is not null
    union all
    select unit_name, moved_date, recorded_date
    from {{ ref('fct_stage_moves') }}
    where {{ by_the_day('known_date') }} and recorded_date is not null

),

entered as (

    select
        unit_name,
        cast(date_trunc('quarter', recorded_date) as date) as quarter_date,
        count(*) as entry_count,
        count(*) filter (
            where recorded_date >= date_trunc('quarter', recorded_date) + interval 3 month
                - to_days(cast({{ board_limit('burst_days') }} as integer))
        ) as late_entry_count,
        count(*) filter (where recorded_date - event_date > {{ board_limit('back_dated_days') }}) as back_dated_count
    from entries
    group by 1, 2

),

visits as (

    select
        unit_name,
        cast(date_trunc('quarter', follow_up_date) as date) as quarter_date,
        count(*) as visit_count,
        count(*) filter (where led_by = '一把手') as principal_visit_count,
        count(*) filter (where led_by = '分管领导') as deputy_visit_count,
        count(*) filter (where led_by = '班子成员') as member_visit_count,
        count(*) filter (where led_by = '工作人员') as staff_visit_count,
        count(*) filter (where led_by is null) as level_missing_count
    from follow_ups
    where is_in_person
    group by 1, 2

),

no_counterparty as (

    select
        unit_name,
        cast(date_trunc('quarter', follow_up_date) as date) as quarter_date,
        count(*) as no_counterparty_count
    from {{ ref('brd_conduct__no_counterparty') }}
    group by 1, 2

),

results as (

    select
        unit_name,
        cast(date_trunc('quarter', month_date) as date) as quarter_date,
        cast(sum(indicator_value) filter (where indicator = '新增线索数') as bigint) as new_lead_count,
        cast(sum(indicator_value) filter (where indicator = '新签约项目数') as bigint) as signed_count
    from {{ ref('brd_unit__indicators') }}
    group by 1, 2

)

select
    results.unit_name,
    units.unit_type,
    results.quarter_date,
    {{ by_the_day('results.quarter_date + interval 3 month - interval 1 day') }} as is_complete,
    coalesce(entered.entry_count, 0) as entry_count,
    coalesce(entered.late_entry_count, 0) as late_entry_count,
    round(100.0 * entered.late_entry_count / entered.entry_count, 2) as late_entry_pct,
    coalesce(entered.back_dated_count, 0) as back_dated_count,
    round(100.0 * entered.back_dated_count / entered.entry_count, 2) as back_dated_pct,
    coalesce(visits.visit_count, 0) as visit_count,
    coalesce(visits.principal_visit_count, 0) as principal_visit_count,
    coalesce(visits.deputy_visit_count, 0) as deputy_visit_count,
    coalesce(visits.member_visit_count, 0) as member_visit_count,
    coalesce(visits.staff_visit_count, 0) as staff_visit_count,
    coalesce(visits.level_missing_count, 0) as level_missing_count,
    round(100.0 * visits.principal_visit_count / visits.visit_count, 2) as principal_visit_pct,
    coalesce(no_counterparty.no_counterparty_count, 0) as no_counterparty_count,
    results.new_lead_count,
    results.signed_count,
    round(1.0 * coalesce(visits.visit_count, 0) / nullif(results.new_lead_count, 0), 2) as visits_per_new_lead,
    round(1.0 * coalesce(visits.visit_count, 0) / nullif(results.signed_count, 0), 2) as visits_per_signed,
    {{ as_of }} as as_of_date
from results
inner join {{ ref('dim_units') }} as units on results.unit_name = units.unit_name
left join entered on results.unit_name = entered.unit_name and results.quarter_date = entered.quarter_date
left join visits on results.unit_name = visits.unit_name and results.quarter_date = visits.quarter_date
left join no_counterparty
    on results.unit_name = no_counterparty.unit_name and results.quarter_date = no_counterparty.quarter_date
