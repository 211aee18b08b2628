-- Amounts that wait for a yes (待确认的数), with the unit that is asked. What counts meanwhile stands in counted_value.
with held as (

    select
        *,
        {{ name_form('written_unit_name') }} as name_form
    from {{ ref('stg_ledger__held_values') }}

),

names as (

    select
        name_form,
        unit_name
    from {{ ref('int_unit__names') }}
    where not is_ambiguous

)

select
    held.question_id,
    held.ledger,
    held.ledger_name,
    held.row_key,
    held.lead_id,
    coalesce(leads.unit_name, names.unit_name) as unit_name,
    coalesce(projects.project_name, held.subject_name) as subject_name,
    held.column_title,
    held.measure,
    held.held_value,
    held.counted_value,
    held.why_text,
    held.times_off,
    held.state,
    held.state in ('待确认', '逾期未答') as is_question_open,
    held.since_date,
    held.due_date,
    held.source_file,
    held.source_sheet,
    held.source_row
from held
left join {{ ref('int_lead__units') }} as leads on held.lead_id = leads.lead_id
left join {{ ref('stg_ledger__leads') }} as projects on held.lead_id = projects.lead_id
left join names on held.name_form = names.name_form
