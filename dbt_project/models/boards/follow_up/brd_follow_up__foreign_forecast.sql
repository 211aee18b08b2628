-- What the year may bring in foreign capital (外资到资预计), as told on the day after, by what was known by the day.
with days as (

    select
        cast({{ as_of_date() }} + 1 as date) as told_date,
        year({{ as_of_date() }}) as target_year

),

{{ foreign_told('days') }}

select
    target_year,
    {{ as_of_date() }} as as_of_date,
    paid_wan_usd,
    rest_planned_wan_usd,
    month_count,
    forecast_low_wan_usd,
    forecast_wan_usd,
    forecast_high_wan_usd,
    forecast_text
from foreign_told
