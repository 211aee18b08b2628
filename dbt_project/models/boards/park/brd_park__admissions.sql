-- One queue of admissions (准入评审): the step a project stands at, its points against the thresholds, and the same project
-- in the lists of two parks.
with reviews as (

    select
        *,
        case review_step when '园区初审' then 1 when '部门会审' then 2 else 3 end as step_order,
        -- A decision that came later is not known yet.
        case when {{ by_the_day('decided_date') }} then coalesce(result, '待审') else '待审' end as known_result
    from {{ ref('stg_ledger__admission_reviews') }}
    where {{ by_the_day('submitted_date') }}

),

thresholds as (

    select
        arg_max(total_points_least, valid_from) as total_points_least,
        {% for criterion in ['intensity', 'tax', 'energy', 'environment', 'safety', 'industry'] %}
        arg_max(least_points, valid_from) filter (where criterion = 'points_{{ criterion }}') as least_{{ criterion }},
        arg_max(full_points, valid_from) filter (where criterion = 'points_{{ criterion }}') as full_{{ criterion }}{{ ',' if not loop.last }}
        {% endfor %}
    from {{ source('office', 'admission_points') }}
    where {{ by_the_day('valid_from') }}

),

latest as (

    select *
    from reviews
    qualify row_number() over (partition by lead_id, park_name order by step_order desc, submitted_date desc) = 1

),

known as (

    select
        latest.*,
        leads.lead_id is not null as is_known_lead,
        coalesce(leads.project_name, latest.project_name) as known_project_name,
        leads.unit_name,
        coalesce(leads.enterprise_id, latest.lead_id) as enterprise_id
    from latest
    left join {{ ref('brd_lead__standing') }} as leads on latest.lead_id = leads.lead_id

),

-- The same project: one lead in two parks, or two leads of one enterprise with one project name in two parks.
parks_of as (

    select
        enterprise_id,
        {{ name_form('known_project_name') }} as project_form,
        string_agg(distinct park_name, '、' order by park_name) as park_names,
        count(distinct park_name) as park_count
    from known
    group by enterprise_id, project_form

),

judged as (

    select
        known.*,
        parks_of.park_names,
        parks_of.park_count,
        case when thresholds.total_points_least is not null then
            coalesce(known.points_intensity, 0) + coalesce(known.points_tax, 0) + coalesce(known.points_energy, 0)
            + coalesce(known.points_environment, 0) + coalesce(known.points_safety, 0) + coalesce(known.points_industry, 0)
        end as total_points,
        thresholds.total_points_least,
        nullif(concat_ws(
            '、',
            {% for criterion, title in [('intensity', '投资强度'), ('tax', '亩均税收'), ('energy', '能耗'), ('environment', '环保'), ('safety', '安全'), ('industry', '产业')] %}
            case when known.points_{{ criterion }} is null then '{{ title }}' end{{ ',' if not loop.last }}
            {% endfor %}
        ), '') as missing_text,
        nullif(concat_ws(
            '；',
            {% for criterion, title in [('intensity', '投资强度'), ('tax', '亩均税收'), ('energy', '能耗'), ('environment', '环保'), ('safety', '安全'), ('industry', '产业')] %}
            case when known.points_{{ criterion }} < thresholds.least_{{ criterion }}
                then '{{ title }} ' || known.points_{{ criterion }} || ' 分，低于 ' || thresholds.least_{{ criterion }} || ' 分' end,
            case when known.points_{{ criterion }} > thresholds.full_{{ criterion }} or known.points_{{ criterion }} < 0
                then '{{ title }} ' || known.points_{{ criterion }} || ' 分，超出 0 至 ' || thresholds.full_{{ criterion }} || ' 分' end{{ ',' if not loop.last }}
            {% endfor %}
        ), '') as below_text
    from known
    cross join thresholds
    left join parks_of
        on known.enterprise_id = parks_of.enterprise_id
        and {{ name_form('known.known_project_name') }} is not distinct from parks_of.project_form

)

select
    lead_id,
    park_name,
    known_project_name as project_name,
    coalesce(unit_name, '线索编号不在台账中') as unit_name,
    review_step,
    submitted_date,
    case when known_result = '待审' then {{ as_of_date() }} - submitted_date end as waiting_days,
    known_result as result,
    total_points,
    total_points_least,
    case
        when nullif(trim(veto_text), '') is not null then '一票否决：' || veto_text
        when missing_text is not null then '评分未齐：缺' || missing_text
        when below_text is not null then '未达门槛：' || below_text
        when total_points < total_points_least then '未达门槛：总分 ' || total_points || '，低于 ' || total_points_least || ' 分'
        else '达到门槛'
    end as points_verdict,
    case
        when nullif(trim(veto_text), '') is null and below_text is null and missing_text is null
            and total_points >= total_points_least then null
        when known_result = '通过' and (override_post is null or override_reason is null)
            then '评分未达门槛而结论为通过，且没有特批人和理由'
        when known_result = '通过' then '特批：' || override_post || '，' || override_reason
    end as override_text,
    case when park_count > 1 then '同一项目列入多个园区：' || park_names end as duplicate_text,
    case
        when known_result = '待审'
            then row_number() over (partition by known_result = '待审' order by submitted_date, lead_id, park_name)
    end as queue_position,
    is_known_lead,
    {{ as_of_date() }} as as_of_date
from judged
