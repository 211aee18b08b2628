-- Each permit step of a project (手续), on working days: used, over the limit, behind the plan, and which steps decide the end
-- (关键路径). What the calendar or the rules don't tell is null (暂无).
with stages as (

    select * from {{ ref('brd_follow_up__stages') }} where lost_date is null

),

calendar as (

    select * from {{ ref('int_calendar__days') }}

),

today as (

    select working_day_number as today_number from calendar where calendar_date = {{ as_of_date() }}

),

rules as (

    select *
    from {{ ref('stg_ledger__procedure_rules') }}
    where {{ by_the_day('valid_from_date') }} and coalesce(not {{ before_the_day('valid_to_date') }}, true)
    qualify row_number() over (
        partition by project_kind, procedure_step order by valid_from_date desc
    ) = 1

),

written as (

    select
        procedures.*,
        max(procedures.project_kind) over (partition by procedures.lead_id) as lead_project_kind
    from {{ ref('stg_ledger__procedures') }} as procedures
    semi join stages on procedures.lead_id = stages.lead_id

),

-- A step that the rule asks for and nobody wrote down is still to be done, until the project is built.
wanted as (

    select
        lead_id,
        procedure_step
    from written
    union
    select
        kinds.lead_id,
        rules.procedure_step
    from (select distinct lead_id, lead_project_kind from written) as kinds
    inner join rules on kinds.lead_project_kind = rules.project_kind
    semi join (select lead_id from stages where completed_date is null and in_operation_date is null) as building
        on kinds.lead_id = building.lead_id

),

steps as (

    select
        wanted.lead_id,
        wanted.procedure_step,
        kinds.lead_project_kind as project_kind,
        written.lead_id is not null as is_in_ledger,
        coalesce(written.is_required, true) as is_required,
        coalesce(written.handling_unit_name, rules.handling_unit_name) as handling_unit_name,
        coalesce(written.limit_days, rules.limit_days) as limit_days,
        cast(rules.step_order as bigint) as step_order,
        rules.after_steps,
        written.planned_start_date,
        written.planned_date,
        case when {{ by_the_day('written.accepted_date') }} then written.accepted_date end as accepted_date,
        case when {{ by_the_day('written.done_date') }} then written.done_date end as done_date,
        case when {{ by_the_day('written.done_date') }} then written.document_no end as document_no,
        case
            when coalesce({{ by_the_day('written.blocked_since_date') }}, true)
                and coalesce(not {{ by_the_day('written.done_date') }}, true)
                then written.blocker
        end as blocker,
        written.blocked_since_date,
        written.blocked_by_unit,
        written.responsible_post
    from wanted
    left join (select distinct lead_id, lead_project_kind from written) as kinds on wanted.lead_id = kinds.lead_id
    left join written on wanted.lead_id = written.lead_id and wanted.procedure_step = written.procedure_step
    left join rules
        on kinds.lead_project_kind = rules.project_kind and wanted.procedure_step = rules.procedure_step

),

counted as (

    select
        steps.*,
        -- The day on which it was accepted is not counted, the day on which it was done is.
        coalesce(done.working_day_number, case when steps.done_date is null then today.today_number end)
            - accepted.working_day_number as used_days,
        coalesce(done.working_day_number, case when steps.done_date is null then today.today_number end)
            - planned.working_day_number as delay_days,
        case when steps.blocker is not null then today.today_number - blocked.working_day_number end as blocked_days
    from steps
    left join today on true
    left join calendar as accepted on steps.accepted_date = accepted.calendar_date
    left join calendar as planned on steps.planned_date = planned.calendar_date
    left join calendar as done on steps.done_date = done.calendar_date
    left join calendar as blocked on steps.blocked_since_date = blocked.calendar_date

),

open_steps as (

    select
        lead_id,
        procedure_step,
        after_steps,
        -- A step under way needs what its limit leaves, at least a day; one without a limit is not known and adds nothing.
        coalesce(greatest(limit_days - case when accepted_date is not null then coalesce(used_days, 0) else 0 end, 1), 0)
            as remaining_days
    from counted
    where done_date is null and is_required

),

edges as (

    select
        open_steps.lead_id,
        before.procedure_step as from_step,
        open_steps.procedure_step as to_step
    from open_steps
    inner join open_steps as before
        on open_steps.lead_id = before.lead_id
        and list_contains(string_split(open_steps.after_steps, '、'), before.procedure_step)

),

-- A rule that goes round in a circle stops at the step that stands on the path already.
paths as (

    with recursive walked as (

        select
            open_steps.lead_id,
            open_steps.procedure_step,
            open_steps.remaining_days as path_days,
            [open_steps.procedure_step] as path_steps
        from open_steps
        anti join edges
            on open_steps.lead_id = edges.lead_id and open_steps.procedure_step = edges.to_step

        union all

        select
            open_steps.lead_id,
            open_steps.procedure_step,
            walked.path_days + open_steps.remaining_days,
            list_append(walked.path_steps, open_steps.procedure_step)
        from walked
        inner join edges on walked.lead_id = edges.lead_id and walked.procedure_step = edges.from_step
        inner join open_steps on edges.lead_id = open_steps.lead_id and edges.to_step = open_steps.procedure_step
        where not list_contains(walked.path_steps, open_steps.procedure_step)

    )

    select * from walked

),

longest as (

    select
        lead_id,
        procedure_step,
        max(path_days) as days_to_finish
    from paths
    group by lead_id, procedure_step

),

critical as (

    select
        lead_id,
        path_days,
        path_steps
    from paths
    qualify row_number() over (
        partition by lead_id order by path_days desc, len(path_steps) desc, array_to_string(path_steps, '→')
    ) = 1

)

select
    counted.lead_id,
    counted.procedure_step,
    counted.step_order,
    stages.project_name,
    stages.unit_name,
    counted.project_kind,
    {{ as_of_date() }} as as_of_date,
    counted.is_in_ledger,
    counted.is_required,
    counted.handling_unit_name,
    counted.responsible_post,
    counted.planned_start_date,
    counted.planned_date,
    counted.accepted_date,
    counted.done_date,
    counted.document_no,
    case
        when not counted.is_required then '不需要'
        when counted.done_date is not null then '已办结'
        when counted.blocker is not null then '卡住'
        when counted.accepted_date is not null then '办理中'
        else '未受理'
    end as state,
    counted.limit_days,
    counted.used_days,
    coalesce(cast(counted.used_days as varchar), '暂无') as used_text,
    case when counted.used_days > counted.limit_days then counted.used_days - counted.limit_days end as over_limit_days,
    case when counted.delay_days > 0 and counted.is_required then counted.delay_days end as delay_days,
    counted.blocker,
    case when counted.blocker is not null then coalesce(counted.blocked_by_unit, counted.handling_unit_name) end
        as blocked_by_unit,
    counted.blocked_days,
    {{ light_of('counted.blocked_days', 'blocked_days') }} as light,
    longest.days_to_finish,
    finish.calendar_date as expected_done_date,
    coalesce(list_contains(critical.path_steps, counted.procedure_step), false)
        and counted.done_date is null and counted.is_required as is_critical,
    array_to_string(critical.path_steps, '→') as critical_path,
    critical.path_days as critical_path_days
from counted
inner join stages on counted.lead_id = stages.lead_id
left join today on true
left join longest
    on counted.lead_id = longest.lead_id and counted.procedure_step = longest.procedure_step
left join critical on counted.lead_id = critical.lead_id
left join calendar as finish
    on finish.is_working_day and finish.working_day_number = today.today_number + longest.days_to_finish
