-- Items decided at dispatch meetings and supervised (督办): facts only. Who is called in, or not, is decided by people.
with items as (

    select
        items.*,
        coalesce(names.unit_name, items.written_unit_name) as unit_name,
        names.unit_name is not null as is_unit_known,
        {{ by_the_day('items.closed_date') }} as is_closed
    from {{ ref('stg_ledger__meeting_items') }} as items
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('items.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day('items.meeting_date') }}

),

late as (

    select
        *,
        greatest(
            case when is_closed then closed_date else {{ as_of_date() }} end - due_date, 0
        ) as late_days,
        coalesce(is_closed, false) as is_done
    from items

)

select
    late.item_id,
    late.meeting_date,
    late.meeting_name,
    late.item_kind,
    late.chair_post,
    late.lead_id,
    coalesce(leads.project_name, late.project_name) as project_name,
    late.item_text,
    late.unit_name,
    late.is_unit_known,
    {{ as_of_date() }} as as_of_date,
    late.due_date,
    case when late.is_done then late.closed_date end as closed_date,
    late.is_done as is_closed,
    late.late_days,
    case when late.is_done then '已办结' when late.late_days > 0 then '超期未办结' else '办理中' end as state,
    late.department_blocked,
    cast(late.reminder_count as bigint) as reminder_count,
    case when {{ by_the_day('late.reminded_date') }} then late.reminded_date end as reminded_date,
    case
        when late.is_done then null
        when late.late_days >= {{ dated_rule('traffic_lights', 'light_key', 'item_talk_days', 'yellow_from') }}
            then '列入约谈事实清单'
        when late.late_days >= {{ dated_rule('traffic_lights', 'light_key', 'item_late_days', 'red_from') }} then '二级催办'
        when late.late_days >= {{ dated_rule('traffic_lights', 'light_key', 'item_late_days', 'yellow_from') }} then '一级催办'
    end as reminder_level,
    late.result_text,
    case
        when late.is_done and late.late_days = 0 then '按期办结'
        when late.is_done then '超期' || late.late_days || '天办结'
        when late.late_days > 0 then '超期' || late.late_days || '天未办结'
        else '距完成时限' || (late.due_date - {{ as_of_date() }}) || '天'
    end as fact_text
from late
left join {{ ref('dim_leads') }} as leads on late.lead_id = leads.lead_id
