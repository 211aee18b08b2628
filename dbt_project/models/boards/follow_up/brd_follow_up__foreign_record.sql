-- What a year was to bring in foreign capital, as told on the first day of each of its months, beside what came
-- (外资预计与实际). Plans bear no date of their own: they are taken as written now.
{% set as_of = as_of_date() %}
with days as (

    select
        cast(told_date as date) as told_date,
        year(told_date) as target_year
    from (
        select unnest(generate_series(
            (select date_trunc('year', min(period_date)) from {{ ref('stg_ledger__investment_progress') }}
            where planned_fdi_wan_cny is not null),
            date_trunc('month', {{ as_of }}), interval 1 month
        )) as told_date
    ) as series

),

{{ foreign_told('days') }},

came as (

    select
        year(counted_date) as target_year,
        cast(sum(cast(amount_wan_usd as decimal(18, 4))) as double) as came_wan_usd
    from {{ ref('int_project__fdi') }}
    where fdi_kind = '实际使用外资' and {{ by_the_day('known_date') }}
    group by 1

)

select
    foreign_told.target_year,
    foreign_told.told_date,
    foreign_told.paid_wan_usd,
    foreign_told.rest_planned_wan_usd,
    foreign_told.month_count,
    foreign_told.forecast_low_wan_usd,
    foreign_told.forecast_wan_usd,
    foreign_told.forecast_high_wan_usd,
    foreign_told.forecast_text,
    {{ by_the_day('make_date(foreign_told.target_year, 12, 31)') }} as is_over,
    case when {{ by_the_day('make_date(foreign_told.target_year, 12, 31)') }} then coalesce(came.came_wan_usd, 0) end as came_wan_usd,
    coalesce(came.came_wan_usd, 0) as so_far_wan_usd,
    -- A bound that what was paid in has passed is said at once, not at the year's end only.
    case
        when coalesce(came.came_wan_usd, 0) > foreign_told.forecast_high_wan_usd then '已超过上限'
        when {{ by_the_day('make_date(foreign_told.target_year, 12, 31)') }} and coalesce(came.came_wan_usd, 0) < foreign_told.forecast_low_wan_usd
            then '低于下限'
    end as passed_text,
    case
        when {{ by_the_day('make_date(foreign_told.target_year, 12, 31)') }}
            then coalesce(came.came_wan_usd, 0) between foreign_told.forecast_low_wan_usd and foreign_told.forecast_high_wan_usd
    end as is_inside,
    {{ as_of }} as as_of_date
from foreign_told
left join came on foreign_told.target_year = came.target_year
