-- Recruiters without their names (招商队伍): load of open leads, and what is left behind when somebody goes.
with recruiters as (

    select
        recruiters.*,
        coalesce(names.unit_name, recruiters.written_unit_name) as unit_name,
        coalesce(not {{ before_the_day('recruiters.until_date') }}, true) as is_active
    from {{ ref('stg_ledger__recruiters') }} as recruiters
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('recruiters.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day('recruiters.since_date') }}

),

-- Open leads follow the last known hand-over of whoever left (交接), in one step: the next hand-over is the next person's row.
loads as (

    select
        recruiter_no,
        count(*) as open_lead_count,
        string_agg(project_name, '、' order by lead_id) as open_lead_text
    from {{ ref('brd_lead__standing') }}
    where is_open and lost_date is null and recruiter_no is not null
    group by recruiter_no

),

taken as (

    select
        recruiters.handover_to_no as recruiter_no,
        sum(loads.open_lead_count) as taken_lead_count
    from recruiters
    inner join loads on recruiters.recruiter_no = loads.recruiter_no
    where not recruiters.is_active and recruiters.handover_to_no is not null
    group by recruiters.handover_to_no

),

active_numbers as (

    select distinct recruiter_no from recruiters where is_active

)

select
    recruiters.recruiter_no,
    recruiters.unit_name,
    recruiters.post,
    recruiters.languages,
    recruiters.industries,
    case when recruiters.is_stationed then '驻外' else '' end as stationed_text,
    recruiters.since_date,
    recruiters.until_date,
    recruiters.is_active,
    case when recruiters.is_active then '在岗' else '离岗' end as state,
    coalesce(loads.open_lead_count, 0) as open_lead_count,
    coalesce(cast(taken.taken_lead_count as bigint), 0) as taken_lead_count,
    nullif(concat_ws(
        '；',
        case when recruiters.is_active
            and coalesce(loads.open_lead_count, 0) + coalesce(taken.taken_lead_count, 0) > {{ rule('recruiter_load_limit') }}
            then '在跟 ' || cast(coalesce(loads.open_lead_count, 0) + coalesce(taken.taken_lead_count, 0) as bigint) || ' 条，超过 '
                || cast({{ rule('recruiter_load_limit') }} as bigint) || ' 条' end,
        case
            when recruiters.is_active or loads.open_lead_count is null then null
            when recruiters.handover_to_no is null then '离岗，' || loads.open_lead_count || ' 条线索没有交接：' || loads.open_lead_text
            when active_numbers.recruiter_no is null
                then '离岗，交接给 ' || recruiters.handover_to_no || '，但此人不在岗'
            else '离岗，已交接给 ' || recruiters.handover_to_no
        end
    ), '') as handover_text,
    {{ as_of_date() }} as as_of_date
from recruiters
left join loads on recruiters.recruiter_no = loads.recruiter_no
left join taken on recruiters.recruiter_no = taken.recruiter_no
left join active_numbers on recruiters.handover_to_no = active_numbers.recruiter_no
