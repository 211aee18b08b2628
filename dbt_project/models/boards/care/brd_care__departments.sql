-- Requests by the department that handles them (承办部门): response time, satisfaction, complaints; 全区 counts each once.
select
    coalesce(unit_name, '全区') as unit_name,
    count(*) as request_count,
    count(*) filter (where not is_closed) as open_count,
    count(*) filter (where is_overdue) as overdue_count,
    count(*) filter (where is_reopened) as reopened_count,
    count(*) filter (where is_complaint) as complaint_count,
    median(response_days) as median_response_days,
    median(closing_days) as median_closing_days,
    100.0 * count(*) filter (where state = '按期办结') / nullif(count(*) filter (where is_closed), 0) as on_time_pct,
    count(satisfaction) as rated_count,
    100.0 * count(*) filter (where satisfaction in ('满意', '基本满意')) / nullif(count(satisfaction), 0) as satisfied_pct,
    {{ as_of_date() }} as as_of_date
from {{ ref('brd_care__requests') }}
group by grouping sets ((unit_name), ())
having count(*) > 0
