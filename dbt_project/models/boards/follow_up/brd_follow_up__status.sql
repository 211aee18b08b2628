-- Every signed project that is still going (在跟进的签约项目): who answers for it, what is due, what was built, in which light and why.
with stages as (

    select * from {{ ref('brd_follow_up__stages') }} where is_in_follow_up

),

-- The team that answers for it on the day; a co-worker (协同) does not.
teams as (

    select *
    from {{ ref('stg_ledger__officials_teams') }}
    where {{ by_the_day('since_date') }}
        and coalesce(not {{ before_the_day('until_date') }}, true)
        and coalesce(role = '主要责任', true)
    qualify row_number() over (partition by lead_id order by since_date desc) = 1

),

-- An office that keeps no such ledger has not left its projects without a leader: nothing can be told.
kept as (

    select count(*) > 0 as is_kept from {{ ref('stg_ledger__officials_teams') }} where {{ by_the_day('since_date') }}

),

commitments as (

    select *
    from {{ ref('stg_ledger__project_commitments') }}
    where {{ by_the_day('agreed_date') }}
    qualify row_number() over (partition by lead_id order by agreed_date desc, agreed_contract_no desc) = 1

),

months as (

    select *
    from {{ ref('int_project__months') }}
    where {{ by_the_day('last_day(period_date)') }}

),

latest as (

    select *
    from months
    qualify row_number() over (partition by lead_id order by period_date desc) = 1

),

year_sums as (

    select
        lead_id,
        cast(sum(cast(planned_investment_wan_cny as decimal(18, 4))) as double) as year_planned_wan_cny,
        cast(sum(cast(month_investment_wan_cny as decimal(18, 4))) as double) as year_invested_wan_cny,
        count(*) filter (where photo_ref is not null) as photo_count
    from months
    where year(period_date) = year({{ as_of_date() }})
    group by lead_id

),

statistics_dates as (

    select
        lead_id,
        min(entered_statistics_date) filter (where {{ by_the_day('entered_statistics_date') }}) as entered_statistics_date,
        min(above_scale_date) filter (where {{ by_the_day('above_scale_date') }}) as above_scale_date
    from months
    group by lead_id

),

blocked as (

    select
        lead_id,
        procedure_step,
        blocked_by_unit,
        blocked_days,
        blocker
    from {{ ref('brd_follow_up__procedures') }}
    where state = '卡住'
    qualify row_number() over (partition by lead_id order by blocked_days desc nulls last, procedure_step) = 1

),

-- Days late need the day of the milestone itself: one that only a later paper shows is passed on an unknown day, neither waited for
-- nor late.
own_days as (

    select
        lead_id,
        min(own_date) filter (where stage = '开工') as own_started_date,
        min(own_date) filter (where stage = '竣工') as own_completed_date,
        min(own_date) filter (where stage = '投产') as own_in_operation_date
    from {{ ref('brd_lead__reached') }}
    group by lead_id

),

joined as (

    select
        stages.*,
        leads.key_level,
        teams.leader_name,
        teams.leader_post,
        teams.team_name,
        teams.plan_text,
        commitments.start_due_date,
        commitments.completion_due_date,
        commitments.operation_due_date,
        case when stages.started_date is null then {{ as_of_date() }} - stages.signed_date end as waiting_days,
        {% for reached, due, late in [
            ('started_date', 'start_due_date', 'start_late_days'),
            ('completed_date', 'completion_due_date', 'completion_late_days'),
            ('in_operation_date', 'operation_due_date', 'operation_late_days')
        ] %}
        coalesce(own_days.own_{{ reached }}, case when stages.{{ reached }} is null then {{ as_of_date() }} end)
        - commitments.{{ due }} as {{ late }},
        {% endfor %}
        latest.period_date as latest_month_date,
        latest.month_investment_wan_cny,
        latest.planned_investment_wan_cny as month_planned_wan_cny,
        year_sums.year_invested_wan_cny,
        year_sums.year_planned_wan_cny,
        latest.total_investment_wan_cny,
        latest.progress_pct,
        latest.planned_progress_pct,
        latest.planned_progress_pct - latest.progress_pct as progress_gap_pct,
        latest.progress_text,
        latest.photo_ref,
        year_sums.photo_count,
        latest.safety_text,
        statistics_dates.entered_statistics_date,
        statistics_dates.above_scale_date,
        blocked.procedure_step as blocked_step,
        blocked.blocked_by_unit,
        blocked.blocked_days,
        blocked.blocker
    from stages
    inner join {{ ref('stg_ledger__leads') }} as leads on stages.lead_id = leads.lead_id
    left join own_days on stages.lead_id = own_days.lead_id
    left join teams on stages.lead_id = teams.lead_id
    left join commitments on stages.lead_id = commitments.lead_id
    left join latest on stages.lead_id = latest.lead_id
    left join year_sums on stages.lead_id = year_sums.lead_id
    left join statistics_dates on stages.lead_id = statistics_dates.lead_id
    left join blocked on stages.lead_id = blocked.lead_id

),

lit as (

    select
        *,
        {{ light_of('waiting_days', 'signed_not_started_days') }} as waiting_light,
        -- What was late and is done is history: only what is still open has a light.
        {{ light_of('case when started_date is null then start_late_days end', 'late_days') }} as start_light,
        {{ light_of('case when completed_date is null then completion_late_days end', 'late_days') }} as completion_light,
        {{ light_of('case when in_operation_date is null then operation_late_days end', 'late_days') }} as operation_light,
        {{ light_of('blocked_days', 'blocked_days') }} as blocked_light,
        {{ light_of('case when completed_date is null then progress_gap_pct end', 'progress_gap_pct') }} as progress_light,
        case when (leader_name is null or team_name is null) and kept.is_kept then '红' end as team_light,
        kept.is_kept
    from joined
    cross join kept

),

worded as (

    select
        *,
        [waiting_light, start_light, completion_light, operation_light, blocked_light, progress_light, team_light] as lights,
        list_filter([
            case when team_light = '红' then '没有' || concat_ws('、',
                case when leader_name is null then '责任领导' end, case when team_name is null then '服务专班' end
            ) end,
            case when waiting_light in ('红', '黄') then '签约' || waiting_days || '天未开工' end,
            case when start_light in ('红', '黄') then '超约定开工' || start_late_days || '天' end,
            case when completion_light in ('红', '黄') then '超约定竣工' || completion_late_days || '天' end,
            case when operation_light in ('红', '黄') then '超约定投产' || operation_late_days || '天' end,
            case when blocked_light in ('红', '黄')
                then blocked_step || '卡在' || coalesce(blocked_by_unit, '（未写部门）') || blocked_days || '个工作日' end,
            case when progress_light in ('红', '黄')
                then '形象进度落后' || {{ number_text('progress_gap_pct') }} || '个百分点' end
        ], lambda reason: reason is not null) as reasons
    from lit

)

select
    lead_id,
    project_name,
    enterprise_name,
    unit_name,
    as_of_date,
    stage,
    stage_order,
    key_level,
    investment_wan_cny,
    signed_date,
    waiting_days,
    leader_name,
    leader_post,
    team_name,
    plan_text,
    case
        when not is_kept then '暂无责任领导班子台账'
        else concat_ws(
            '、',
            case when leader_name is null then '领导' end,
            case when team_name is null then '班子' end,
            case when plan_text is null then '计划' end
        )
    end as missing_team_text,
    start_due_date,
    started_date,
    start_late_days,
    completion_due_date,
    completed_date,
    completion_late_days,
    operation_due_date,
    in_operation_date,
    operation_late_days,
    full_effect_date,
    entered_statistics_date,
    above_scale_date,
    latest_month_date,
    month_planned_wan_cny,
    month_investment_wan_cny,
    year_planned_wan_cny,
    year_invested_wan_cny,
    case when year_planned_wan_cny > 0 then round(100 * year_invested_wan_cny / year_planned_wan_cny, 2) end
        as year_investment_pct,
    total_investment_wan_cny,
    planned_progress_pct,
    progress_pct,
    progress_gap_pct,
    progress_text,
    photo_ref,
    coalesce(photo_count, 0) as photo_count,
    safety_text,
    blocked_step,
    blocked_by_unit,
    blocked_days,
    blocker,
    case
        when list_contains(lights, '红') then '红'
        when list_contains(lights, '黄') then '黄'
        else '绿'
    end as light,
    array_to_string(reasons, '；') as light_reasons
from worded
