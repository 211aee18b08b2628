-- How much of the month, quarter, half-year and year of the as-of day has passed (时序进度): one share for whoever asks.
{% set last = as_of_date() %}
with kinds as (

    select
        period_kind,
        month_count,
        cast(make_date(year({{ last }}), 1, 1) + to_months((month({{ last }}) - 1) // month_count * month_count) as date)
            as first_date
    from (values ('月', 1), ('季', 3), ('半年', 6), ('年', 12)) as listed (period_kind, month_count)

),

spans as (

    select
        *,
        cast(first_date + to_months(month_count) as date) as after_date
    from kinds

)

select
    period_kind,
    cast(month_count as bigint) as month_count,
    first_date,
    after_date - 1 as last_date,
    cast({{ days_passed('first_date', 'after_date') }} as bigint) as passed_days,
    cast(after_date - first_date as bigint) as all_days,
    cast({{ days_passed('first_date', 'after_date') }} as double) / (after_date - first_date) as passed_share,
    round(100 * cast({{ days_passed('first_date', 'after_date') }} as double) / (after_date - first_date), 2) as passed_pct,
    {{ as_of_date() }} as as_of_date
from spans
