-- Points of a component by what was reached, one row per whole number, so that fit is looked up and not compared:
-- of the levels 1, 3 and 10 the numbers 3 to 9 all earn level 3 (达到即得分). Above max_reached nothing more is earned.
with points as (

    select
        component,
        cast(level_code as bigint) as level_number,
        points,
        level_label
    from {{ ref('stg_chain__points') }}
    where component in (
        'industry_code', 'product_word', 'local_suppliers', 'local_customers', 'local_leader'
    )

),

components as (

    select
        component,
        max(level_number) as max_reached
    from points
    group by component

),

reached as (

    select
        component,
        max_reached,
        unnest(generate_series(0, max_reached)) as reached_count
    from components

)

select
    reached.component,
    reached.reached_count,
    reached.max_reached,
    coalesce(max(points.points), 0.0) as points,
    arg_max(points.level_label, points.level_number) as level_label
from reached
left join points on reached.component = points.component and points.level_number <= reached.reached_count
group by reached.component, reached.reached_count, reached.max_reached
