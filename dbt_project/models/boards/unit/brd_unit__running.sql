-- What the district and each unit have come to by the end of each month: in the month, its quarter, its year, and since the books
-- begin. Any range of months is the difference of two running values, so nobody adds months up a second time.
with slices as (

    select
        '责任单位' as slice_kind,
        unit_name as slice_name,
        indicator,
        indicator_order,
        measure,
        month_date,
        indicator_value as month_value,
        started_value
    from {{ ref('brd_unit__indicators') }}

    union all

    select
        '全区',
        '全区',
        indicator,
        indicator_order,
        measure,
        month_date,
        {{ money_sum('indicator_value') }},
        {{ money_sum('started_value') }}
    from {{ ref('brd_unit__indicators') }}
    group by indicator, indicator_order, measure, month_date

)

select
    slice_kind,
    slice_name,
    indicator,
    indicator_order,
    measure,
    month_date,
    month_value,
    cast(sum(cast(month_value as decimal(18, 4))) over of_quarter as double) as quarter_value,
    cast(sum(cast(month_value as decimal(18, 4))) over of_year as double) as year_value,
    cast(sum(cast(month_value as decimal(18, 4))) over of_books as double) as running_value,
    cast(sum(cast(started_value as decimal(18, 4))) over of_books as double) as started_running_value,
    {{ as_of_date() }} as as_of_date
from slices
window
    of_books as (partition by slice_kind, slice_name, indicator order by month_date),
    of_year as (partition by slice_kind, slice_name, indicator, year(month_date) order by month_date),
    of_quarter as (
        partition by slice_kind, slice_name, indicator, date_trunc('quarter', month_date) order by month_date
    )
