-- Which unit a lead belongs to. A unit that 单位名录 doesn't know leaves unit_name null: such leads go to
-- mart_rejected_rows and into no number.
with leads as (

    select
        lead_id,
        written_unit_name,
        {{ name_form('written_unit_name') }} as name_form
    from {{ ref('stg_ledger__leads') }}

),

names as (

    select
        name_form,
        unit_name,
        is_ambiguous
    from {{ ref('int_unit__names') }}

)

select
    leads.lead_id,
    leads.written_unit_name,
    case when not names.is_ambiguous then names.unit_name end as unit_name,
    coalesce(names.is_ambiguous, false) as is_ambiguous
from leads
left join names on leads.name_form = names.name_form
