-- Signings of a quarter and how many started within so many months: the cohorts of its months together. Mature once every signing of
-- the quarter has been watched that long.
with summed as (

    select
        slice_kind,
        slice_name,
        cast(date_trunc('quarter', signed_month_date) as date) as signed_quarter_date,
        horizon_months,
        cast(sum(signed_count) as bigint) as signed_count,
        cast(sum(started_within_count) as bigint) as started_within_count
    from {{ ref('brd_funnel__cohorts') }}
    group by 1, 2, 3, 4

),

judged as (

    select
        *,
        {{ by_the_day('signed_quarter_date + to_months(3 + cast(horizon_months as integer)) - interval 1 day') }} as is_mature
    from summed

)

select
    slice_kind,
    slice_name,
    signed_quarter_date,
    horizon_months,
    is_mature,
    signed_count,
    started_within_count,
    case when is_mature then round(100.0 * started_within_count / signed_count, 2) end as started_within_pct,
    {{ as_of_date() }} as as_of_date
from judged
