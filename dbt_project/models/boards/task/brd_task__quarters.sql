-- The district quarter by quarter beside the task that held on the quarter's last day (季度完成情况). As in brd_task__district, what
-- was set above is the denominator of all that was done; where nothing was, what was divided is, of what units with a task did.
with running as (

    select
        *,
        cast(date_trunc('quarter', month_date) as date) as quarter_date
    from {{ ref('brd_unit__running') }}

),

-- The last month of a quarter that the books have.
ends as (

    select *
    from running
    qualify row_number() over (partition by slice_kind, slice_name, indicator, quarter_date order by month_date desc) = 1

),

first_month as (

    select min(month_date) as month_date from running

),

district as (

    select
        ends.*,
        cast(year(ends.quarter_date) as bigint) as target_year,
        cast(least(ends.quarter_date + interval 3 month - interval 1 day, {{ as_of_date() }}) as date) as until_date
    from ends
    inner join {{ source('office', 'indicators') }} as indicators on ends.indicator = indicators.indicator and indicators.is_task
    where ends.slice_kind = '全区'

),

days as (

    select distinct until_date as told_date from district

),

{{ divided_targets('days') }},

with_task as (

    select
        district.quarter_date,
        district.indicator,
        {{ money_sum('ends.year_value') }} as done_value
    from district
    inner join ends
        on district.quarter_date = ends.quarter_date
        and district.indicator = ends.indicator
        and ends.slice_kind = '责任单位'
    inner join targets
        on ends.slice_name = targets.unit_name
        and district.until_date = targets.told_date
        and district.target_year = targets.target_year
        and district.indicator = targets.indicator
        and targets.target_value is not null
    group by district.quarter_date, district.indicator

),

above as (

    select *
    from given
    qualify row_number() over (partition by told_date, target_year, indicator order by issued_by) = 1

),

joined as (

    select
        district.*,
        -- A quarter that begins before the books do is not known whole.
        district.quarter_date >= first_month.month_date as is_whole,
        case when before.quarter_date >= first_month.month_date then before.quarter_value end as before_value,
        case when last_year.quarter_date >= first_month.month_date then last_year.quarter_value end as last_year_value,
        above.target_value is not null as is_set_above,
        coalesce(above.target_value, cast(divided.divided_value as double)) as target_value,
        case when above.target_value is not null then district.year_value else with_task.done_value end as done_value
    from district
    cross join first_month
    left join ends as before
        on before.slice_kind = '全区'
        and district.indicator = before.indicator
        and before.quarter_date = district.quarter_date - interval 3 month
    left join ends as last_year
        on last_year.slice_kind = '全区'
        and district.indicator = last_year.indicator
        and last_year.quarter_date = district.quarter_date - interval 12 month
    left join above
        on district.until_date = above.told_date
        and district.target_year = above.target_year
        and district.indicator = above.indicator
    left join divided
        on district.until_date = divided.told_date
        and district.target_year = divided.target_year
        and district.indicator = divided.indicator
    left join with_task on district.quarter_date = with_task.quarter_date and district.indicator = with_task.indicator

)

select
    quarter_date,
    indicator,
    indicator_order,
    measure,
    case when is_whole then quarter_value end as quarter_value,
    before_value,
    last_year_value,
    year_value,
    target_value,
    coalesce({{ number_text('target_value') }} || measure, '未下达') as target_text,
    case when target_value is null then '未下达' when is_set_above then '上级下达' else '分解合计' end as target_basis,
    case when target_value > 0 then round(100 * done_value / target_value, 2) end as completion_pct,
    {{ as_of_date() }} as as_of_date
from joined
