-- What the year may bring in foreign capital (外资到资预计), as told on the day after, by what was known by the day.
with days as (

    select
        cast({{ as_of_date() }} + 1 as date) as told_date,
        year({{ as_of_date() }}) as target_year

),

{{ foreign_told('days') }},

-- How often what was told on the first days of months held what the year then brought; and the latest telling of this year whose
-- upper end is passed already.
held as (

    select
        count(is_inside) as judged_count,
        count(*) filter (where is_inside) as inside_count
    from {{ ref('brd_follow_up__foreign_record') }}

),

passed as (

    select
        target_year,
        max(told_date) as passed_date,
        arg_max(forecast_high_wan_usd, told_date) as passed_wan_usd
    from {{ ref('brd_follow_up__foreign_record') }}
    where not is_over and passed_text is not null
    group by target_year

)

select
    foreign_told.target_year,
    {{ as_of_date() }} as as_of_date,
    foreign_told.paid_wan_usd,
    foreign_told.rest_planned_wan_usd,
    foreign_told.month_count,
    foreign_told.plan_share,
    foreign_told.forecast_low_wan_usd,
    foreign_told.forecast_wan_usd,
    foreign_told.forecast_high_wan_usd,
    foreign_told.forecast_text || coalesce(
        '（' || strftime(passed.passed_date, '%Y-%m-%d') || '预计的上限' || {{ number_text('passed.passed_wan_usd') }}
        || '已超过：已到资' || {{ number_text('foreign_told.paid_wan_usd') }} || '）', ''
    ) as forecast_text,
    held.judged_count,
    held.inside_count,
    case when held.judged_count = 0 then '暂无' else held.judged_count || '次中' || held.inside_count || '次' end as held_text
from foreign_told
cross join held
left join passed on foreign_told.target_year = passed.target_year
