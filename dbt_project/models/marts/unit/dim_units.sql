with units as (

    select * from {{ ref('stg_ledger__units') }}

),

leads as (

    select
        unit_name,
        count(*) as lead_count
    from {{ ref('int_lead__units') }}
    where unit_name is not null
    group by unit_name

)

select
    units.unit_name,
    units.unit_code,
    units.unit_type,
    units.short_names,
    units.parent_unit_name,
    units.is_named_by_leads,
    coalesce(leads.lead_count, 0) as lead_count
from units
left join leads on units.unit_name = leads.unit_name
