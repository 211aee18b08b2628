-- Days with their working-day number (工作日序号): working days between two days are the difference of their numbers. Years that
-- the table of holidays doesn't know have no rows: what needs them reads 暂无.
with exceptions as (

    select * from {{ source('office', 'working_day_exceptions') }}

),

days as (

    select cast(unnest(generate_series(
        make_date((select min(year(exception_date)) from exceptions), 1, 1),
        make_date((select max(year(exception_date)) from exceptions), 12, 31),
        interval 1 day
    )) as date) as calendar_date

)

select
    days.calendar_date,
    coalesce(exceptions.is_working_day, isodow(days.calendar_date) <= 5) as is_working_day,
    cast(count(*) filter (where coalesce(exceptions.is_working_day, isodow(days.calendar_date) <= 5)) over (
        order by days.calendar_date
    ) as bigint) as working_day_number,
    exceptions.holiday_name
from days
left join exceptions on days.calendar_date = exceptions.exception_date
-- A year without one known holiday is not known.
semi join (select distinct year(exception_date) as known_year from exceptions) as known
    on year(days.calendar_date) = known.known_year
