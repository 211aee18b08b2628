{#- Days of a period that have passed by the as-of day, the day itself among them (时序进度). `after` is the day after its last. -#}
{% macro days_passed(first, after) -%}
greatest(least({{ after }}, {{ as_of_date() }} + 1) - {{ first }}, 0)
{%- endmacro %}

{#- Condition that a written indicator is one of the office's table: by its name, or as else it is written (任务指标的写法). -#}
{% macro names_indicator(written, indicators) -%}
(
        {{ written }} = {{ indicators }}.indicator
        or coalesce(list_contains(string_split({{ indicators }}.also_written, '、'), {{ written }}), false)
    )
{%- endmacro %}

{#- Whether a rule of the office speaks of a unit: by its type, 牵头部门 by its role, 开发区 as the parks are called; blank speaks of all. -#}
{% macro counts_for_unit(applies_to, units) -%}
(
        {{ applies_to }} is null
        or coalesce(list_contains(string_split(replace({{ applies_to }}, '开发区', '园区'), '、'), {{ units }}.unit_type), false)
        or coalesce({{ units }}.is_lead_department and list_contains(string_split({{ applies_to }}, '、'), '牵头部门'), false)
    )
{%- endmacro %}

{#- Tasks as they held on each day of `days` (told_date): `targets` of units, `given` from above, `divided` as their sum. -#}
{% macro divided_targets(days) -%}
targets as (

    select
        days.told_date,
        history.target_year,
        history.unit_name,
        units.parent_unit_name,
        history.indicator,
        arg_max(history.target_value, history.valid_from_date) as target_value
    from {{ days }} as days
    inner join {{ ref('fct_target_history') }} as history on {{ by_the_day('history.valid_from_date', 'days.told_date') }}
    inner join {{ ref('dim_units') }} as units on history.unit_name = units.unit_name
    group by days.told_date, history.target_year, history.unit_name, units.parent_unit_name, history.indicator

),

given as (

    select
        days.told_date,
        given.target_year,
        given.issued_by,
        indicators.indicator,
        {{ in_measure('given.target_value', 'given.measure', 'indicators.measure') }} as target_value,
        given.document_no
    from {{ days }} as days
    inner join {{ ref('stg_ledger__district_targets') }} as given on coalesce({{ by_the_day('given.issued_date', 'days.told_date') }}, true)
    inner join {{ source('office', 'indicators') }} as indicators
        on {{ names_indicator('given.indicator', 'indicators') }}
        and list_contains(string_split(indicators.written_measures, '、'), given.measure)
    -- One indicator under two names is one task: the row received last.
    qualify row_number() over (
        partition by days.told_date, given.target_year, given.issued_by, indicators.indicator
        order by given.received_seq desc, given.source_row desc
    ) = 1

),

-- Whether the task of a unit holds those of the units under it (归口) is the office's rule: then they are not added once more.
settings as (

    select
        coalesce({{ dated_rule('dispatch_rules', 'rule_key', 'parent_task_includes_children', 'rule_value') }} = '是', false)
            as is_within_parent

),

parents as (

    select * from targets where (select is_within_parent from settings)

),

divided as (

    select
        targets.told_date,
        targets.target_year,
        targets.indicator,
        sum(cast(targets.target_value as decimal(18, 4))) as divided_value,
        count(*) as unit_count
    from targets
    anti join parents
        on targets.parent_unit_name = parents.unit_name
        and targets.told_date = parents.told_date
        and targets.target_year = parents.target_year
        and targets.indicator = parents.indicator
    group by targets.told_date, targets.target_year, targets.indicator

)
{%- endmacro %}

{#- Facts known by the day (`facts`), and those that count for tasks (`counted`): a project once, on the first of its days. -#}
{% macro counted_task_facts() -%}
facts as (

    select
        *,
        cast(year(fact_date) as bigint) as target_year
    from {{ ref('fct_task_facts') }}
    where {{ by_the_day('known_date') }} and {{ by_the_day('fact_date') }}

),

counted as (

    select *
    from facts
    where not_counted_reason is null
    qualify row_number() over (partition by indicator, fact_key order by fact_date, known_date) = 1

)
{%- endmacro %}
