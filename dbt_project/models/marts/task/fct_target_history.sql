-- Every figure that a task had, and from when (任务及其调整): a cut of September leaves June as it was.
with targets as (

    select * from {{ ref('int_unit__targets') }}

),

changes as (

    select
        changes.target_year,
        names.unit_name,
        indicators.indicator,
        indicators.measure,
        changes.effective_date,
        {{ in_measure('changes.old_value', 'changes.measure', 'indicators.measure') }} as old_value,
        {{ in_measure('changes.new_value', 'changes.measure', 'indicators.measure') }} as new_value,
        changes.document_no,
        changes.reason
    from {{ ref('stg_ledger__target_changes') }} as changes
    inner join {{ ref('int_unit__names') }} as names
        on {{ name_form('changes.written_unit_name') }} = names.name_form and not names.is_ambiguous
    inner join {{ source('office', 'indicators') }} as indicators
        on {{ names_indicator('changes.indicator', 'indicators') }}
        and list_contains(string_split(indicators.written_measures, '、'), changes.measure)
    where changes.new_value >= 0
    -- A full and a short name of one unit are two keys of the ledger and one change.
    qualify row_number() over (
        partition by changes.target_year, names.unit_name, indicators.indicator, changes.effective_date
        order by changes.received_seq desc, changes.source_row desc, changes.source_sheet desc
    ) = 1

),

ends as (

    select
        target_year,
        unit_name,
        indicator,
        arg_min(old_value, effective_date) as first_old_value,
        arg_max(new_value, effective_date) as last_new_value,
        min(effective_date) as first_effective_date
    from changes
    group by target_year, unit_name, indicator

),

-- The table of tasks may have been sent again after the change, with the new figure: then the change tells the old one.
outset as (

    select
        coalesce(targets.target_year, ends.target_year) as target_year,
        coalesce(targets.unit_name, ends.unit_name) as unit_name,
        coalesce(targets.indicator, ends.indicator) as indicator,
        case
            when targets.target_value is null or targets.target_value = ends.last_new_value
                then coalesce(ends.first_old_value, targets.target_value)
            else targets.target_value
        end as target_value
    from targets
    full join ends
        on targets.target_year = ends.target_year
        and targets.unit_name = ends.unit_name
        and targets.indicator = ends.indicator

),

figures as (

    select
        target_year,
        unit_name,
        indicator,
        date '1900-01-01' as valid_from_date,
        cast(null as double) as old_value,
        target_value,
        null as document_no,
        null as reason
    from outset

    union all

    select
        target_year,
        unit_name,
        indicator,
        effective_date,
        old_value,
        new_value,
        document_no,
        reason
    from changes

)

select
    figures.target_year,
    figures.unit_name,
    figures.indicator,
    figures.valid_from_date,
    lead(figures.valid_from_date) over task as valid_to_date,
    figures.target_value,
    indicators.measure,
    figures.old_value,
    -- What the change says was there before is what was there before.
    coalesce(figures.old_value = lag(figures.target_value) over task, true) as is_reconciled,
    figures.document_no,
    figures.reason
from figures
inner join {{ source('office', 'indicators') }} as indicators on figures.indicator = indicators.indicator
window task as (
    partition by figures.target_year, figures.unit_name, figures.indicator order by figures.valid_from_date
)
