-- Risk event → task → closed (风险处置): each sign of risk of a local firm, the item that a meeting decided for it, and whether it is closed.
{% set day = as_of_date() %}
with events as (

    select
        signals.enterprise_name,
        signals.uscc,
        signals.signal_kind,
        signals.signal_date,
        signals.signal_text,
        kinds.meaning,
        {{ name_form('signals.enterprise_name') }} as name_form
    from {{ ref('stg_ledger__enterprise_signals') }} as signals
    inner join {{ source('office', 'signal_kinds') }} as kinds on signals.signal_kind = kinds.signal_kind
    where {{ by_the_day('signals.signal_date') }} and kinds.meaning in ('风险', '外迁')

),

tasks as (

    select
        items.*,
        {{ name_form('items.risk_enterprise_name') }} as name_form
    from {{ ref('stg_ledger__meeting_items') }} as items
    where {{ by_the_day('items.meeting_date') }} and items.risk_enterprise_name is not null

),

-- The latest item that names the firm and the day of the sign.
answered as (

    select
        events.*,
        tasks.item_id,
        tasks.meeting_date,
        tasks.item_text,
        tasks.written_unit_name,
        tasks.due_date,
        case when {{ by_the_day('tasks.closed_date') }} then tasks.closed_date end as closed_date,
        tasks.result_text
    from events
    left join tasks
        on events.name_form = tasks.name_form
        and events.signal_date = tasks.risk_signal_date
        and tasks.meeting_date >= events.signal_date
    qualify row_number() over (
        partition by events.enterprise_name, events.signal_kind, events.signal_date, events.signal_text
        order by tasks.meeting_date desc nulls last, tasks.item_id desc
    ) = 1

)

select
    answered.enterprise_name,
    answered.signal_kind,
    answered.signal_date,
    answered.signal_text,
    answered.uscc,
    answered.meaning,
    case
        when answered.item_id is null then '待处置'
        when answered.closed_date is null then '已派发'
        else '已关闭'
    end as task_state,
    answered.item_id,
    answered.item_text,
    coalesce(names.unit_name, answered.written_unit_name, local_names.unit_name, firms.written_unit_name, '全区') as unit_name,
    answered.meeting_date as dispatched_date,
    answered.due_date,
    answered.closed_date,
    case when answered.closed_date is null and {{ before_the_day('answered.due_date') }} then {{ day }} - answered.due_date end as overdue_days,
    case when answered.item_id is null then {{ day }} - answered.signal_date end as waiting_days,
    case when answered.closed_date is not null then coalesce(answered.result_text, '缺处置记录') else answered.result_text end
        as record_text,
    {{ day }} as as_of_date
from answered
left join {{ ref('int_unit__names') }} as names
    on {{ name_form('answered.written_unit_name') }} = names.name_form and not names.is_ambiguous
left join {{ ref('stg_ledger__local_enterprises') }} as firms on answered.uscc = firms.uscc
left join {{ ref('int_unit__names') }} as local_names
    on {{ name_form('firms.written_unit_name') }} = local_names.name_form and not local_names.is_ambiguous
