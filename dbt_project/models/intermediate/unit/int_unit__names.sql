-- Every way in which ledgers write a unit: its name, its short names (简称) and the names that it had before (曾用名称).
with units as (

    select
        unit_name,
        short_names,
        former_names
    from {{ ref('stg_ledger__units') }}

),

spoken as (

    select
        unit_name,
        unnest(regexp_split_to_array(concat_ws('、', short_names, former_names), '[、;；,，]')) as written_name
    from units

),

forms as (

    select
        {{ name_form('unit_name') }} as name_form,
        unit_name,
        1 as precedence
    from units

    union all

    select
        {{ name_form('written_name') }} as name_form,
        unit_name,
        2 as precedence
    from spoken

),

-- A full name goes before a short name of another unit.
first_forms as (

    select distinct
        name_form,
        unit_name
    from forms
    where name_form is not null
    qualify precedence = min(precedence) over (partition by name_form)

)

-- A short name of two units says nothing: its rows are rejected with that reason.
select
    name_form,
    min(unit_name) as unit_name,
    count(*) > 1 as is_ambiguous
from first_forms
group by name_form
