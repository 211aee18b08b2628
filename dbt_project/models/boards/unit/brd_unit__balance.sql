-- 镇 beside 街道, by year and indicator: totals, medians of a unit, the gap, and the same as a share of the task.
with year_ends as (

    select
        *,
        cast(year(month_date) as bigint) as target_year
    from {{ ref('brd_unit__ranks') }}
    where unit_type in ('镇', '街道')
    qualify month_date = max(month_date) over (partition by year(month_date))

),

sides as (

    select
        target_year,
        indicator,
        indicator_order,
        measure,
        max(as_of_date) as as_of_date,
        {% for side, name in [('town', '镇'), ('street', '街道')] %}
        count(*) filter (where unit_type = '{{ name }}') as {{ side }}_unit_count,
        case when count(year_value) > 0 or count(*) filter (where unit_type = '{{ name }}') = 0
            then coalesce({{ money_sum('year_value', "unit_type = '" ~ name ~ "'") }}, 0)
        end as {{ side }}_total,
        median(year_value) filter (where unit_type = '{{ name }}') as {{ side }}_median,
        count(target_value) filter (where unit_type = '{{ name }}') as {{ side }}_target_count,
        median(completion_pct) filter (where unit_type = '{{ name }}') as {{ side }}_completion_median_pct
        {{- ',' if not loop.last }}
        {% endfor %}
    from year_ends
    group by target_year, indicator, indicator_order, measure

)

select
    target_year,
    indicator,
    indicator_order,
    measure,
    town_unit_count,
    town_total,
    town_median,
    street_unit_count,
    street_total,
    street_median,
    town_median - street_median as median_gap,
    town_target_count,
    town_completion_median_pct,
    street_target_count,
    street_completion_median_pct,
    town_completion_median_pct - street_completion_median_pct as completion_gap_pct,
    as_of_date
from sides
