-- Signings of a month and how many of them started within so many months. A cohort is mature once every signing of its month
-- has been watched that long; a younger one has no rate (暂无), and is no failure.
-- Expansions are left out where the task of signings leaves them out, so that signed is signed on every board.
{% set as_of = as_of_date() %}
with expansions as (

    select kinds.lead_id
    from {{ ref('int_lead__recruit_kind') }} as kinds
    inner join {{ source('office', 'indicators') }} as tasks
        on kinds.is_expansion and tasks.leaves_out_expansions and tasks.indicator = '新签约项目数'

),

signings as (

    select
        lead_id,
        signed_date,
        started_date,
        investment_wan_cny,
        cast(date_trunc('month', signed_date) as date) as signed_month_date,
        unnest([
            {'slice_kind': '全区', 'slice_name': '全区'},
            {'slice_kind': '单位类型', 'slice_name': units.unit_type},
            {'slice_kind': '责任单位', 'slice_name': units.unit_name}
        ], recursive := true)
    from {{ ref('brd_lead__progress') }} as progress
    inner join {{ ref('dim_units') }} as units on progress.signed_unit_name = units.unit_name
    anti join expansions on progress.lead_id = expansions.lead_id
    where is_counted_signing

),

horizons as (

    select cast(unnest({{ var('cohort_months') }}) as bigint) as horizon_months

),

counted as (

    select
        signings.slice_kind,
        signings.slice_name,
        signings.signed_month_date,
        horizons.horizon_months,
        {{ by_the_day('last_day(signings.signed_month_date) + to_months(cast(horizons.horizon_months as integer))') }} as is_mature,
        count(*) as signed_count,
        coalesce({{ money_sum('investment_wan_cny') }}, 0) as signed_wan_cny,
        count(*) filter (where started_date is not null) as started_count,
        count(*) filter (
            where started_date <= signed_date + to_months(cast(horizons.horizon_months as integer))
        ) as started_within_count,
        median(started_date - signed_date) as median_days_to_start
    from signings
    cross join horizons
    group by slice_kind, slice_name, signed_month_date, horizon_months

)

select
    slice_kind,
    slice_name,
    signed_month_date,
    horizon_months,
    is_mature,
    signed_count,
    signed_wan_cny,
    started_count,
    started_within_count,
    case when is_mature then round(100.0 * started_within_count / signed_count, 2) end as started_within_pct,
    median_days_to_start,
    {{ as_of }} as as_of_date
from counted
