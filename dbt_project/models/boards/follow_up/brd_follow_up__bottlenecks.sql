-- Where permits wait (瓶颈) and how long a step takes (营商环境): by department and step.
with procedures as (

    select
        *,
        -- The department that holds it, when that is another one.
        case when blocker is not null then blocked_by_unit else handling_unit_name end as department
    from {{ ref('brd_follow_up__procedures') }}
    where is_required

)

select
    department,
    procedure_step,
    as_of_date,
    count(*) filter (where state in ('办理中', '卡住')) as open_count,
    count(*) filter (where state = '卡住') as blocked_count,
    max(blocked_days) as longest_blocked_days,
    cast(sum(blocked_days) as bigint) as blocked_days,
    count(*) filter (where over_limit_days > 0 and state != '已办结') as over_limit_count,
    count(*) filter (where state = '已办结') as done_count,
    median(used_days) filter (where state = '已办结') as median_used_days,
    round(
        100.0 * count(*) filter (where state = '已办结' and used_days <= limit_days)
        / nullif(count(*) filter (where state = '已办结' and used_days is not null and limit_days is not null), 0), 2
    ) as within_limit_pct,
    string_agg(case when state = '卡住' then project_name end, '、' order by blocked_days desc nulls last, lead_id)
        as blocked_projects
from procedures
where department is not null
group by department, procedure_step, as_of_date
