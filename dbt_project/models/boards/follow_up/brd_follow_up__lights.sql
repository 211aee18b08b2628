-- How many projects stand in each light (红黄绿灯个数): the lights of brd_follow_up__status, of the district and of each unit.
-- The district has its row also where no project was signed.
with slices as (

    select
        '全区' as slice_kind,
        '全区' as slice_name,
        null as light

    union all

    select
        unnest(['全区', '责任单位']),
        unnest(['全区', unit_name]),
        light
    from {{ ref('brd_follow_up__status') }}

)

select
    slice_kind,
    slice_name,
    count(light) as project_count,
    count(*) filter (where light = '红') as red_count,
    count(*) filter (where light = '黄') as yellow_count,
    count(*) filter (where light = '绿') as green_count,
    {{ as_of_date() }} as as_of_date
from slices
group by slice_kind, slice_name
