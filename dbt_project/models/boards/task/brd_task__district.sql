-- Tasks of the whole district (全区任务进度). What was set above is the denominator, and then all done counts; where nothing was, it is
-- what was divided, and then only what units with a task have done: a rate never has on top what it has not below.
with given as (

    select
        target_year,
        indicator,
        upper_value,
        divided_value
    from {{ ref('brd_task__decomposition') }}
    where level = '全区'
    qualify row_number() over (partition by target_year, indicator order by upper_name) = 1

),

summed as (

    select
        progress.target_year,
        progress.indicator,
        progress.indicator_order,
        progress.measure,
        progress.passed_pct,
        progress.due_share,
        coalesce(given.upper_value, given.divided_value) as target_value,
        given.upper_value is not null as is_set_above,
        {{ money_sum('progress.done_value', 'given.upper_value is not null or progress.target_value is not null') }} as done_value
    from {{ ref('brd_task__progress') }} as progress
    inner join given on progress.target_year = given.target_year and progress.indicator = given.indicator
    group by all

)

select
    target_year,
    indicator,
    indicator_order,
    measure,
    {{ as_of_date() }} as as_of_date,
    target_value,
    {{ number_text('target_value') }} || measure as target_text,
    case when is_set_above then '上级下达' else '分解合计' end as target_basis,
    done_value,
    coalesce({{ number_text('done_value') }} || measure, '暂无') as done_text,
    case when target_value > 0 then round(100 * done_value / target_value, 2) end as completion_pct,
    passed_pct,
    round(target_value * due_share, 2) as expected_value,
    case when done_value is not null then round(greatest(target_value * due_share - done_value, 0), 2) end as arrears_value
from summed
