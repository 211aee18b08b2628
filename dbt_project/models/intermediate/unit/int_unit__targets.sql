-- Tasks tied to a unit. Written with the full name and with a short name, one task has two keys in the ledger:
-- the row received last stands.
with targets as (

    select
        target_year,
        known.indicator,
        written.indicator as written_indicator,
        {{ in_measure('target_value', 'written.measure', 'known.measure') }} as target_value,
        known.measure,
        written_unit_name,
        {{ name_form('written_unit_name') }} as name_form,
        received_seq,
        source_row,
        source_file,
        source_sheet
    from {{ ref('stg_ledger__targets') }} as written
    -- 个 of money, 万元 of leads or less than nothing can't be compared with what was done.
    inner join {{ source('office', 'indicators') }} as known
        on {{ names_indicator('written.indicator', 'known') }}
        and list_contains(string_split(known.written_measures, '、'), written.measure)
    where target_value >= 0

),

names as (

    select
        name_form,
        unit_name
    from {{ ref('int_unit__names') }}
    where not is_ambiguous

)

select
    targets.target_year,
    names.unit_name,
    targets.indicator,
    targets.written_unit_name,
    targets.written_indicator,
    -- In the one measure of the indicator, so that target, done and gap compare.
    targets.target_value,
    targets.measure
from targets
inner join names on targets.name_form = names.name_form
qualify row_number() over (
    partition by targets.target_year, names.unit_name, targets.indicator
    order by targets.received_seq desc, targets.source_row desc, targets.source_sheet desc, targets.written_unit_name
) = 1
