-- Whether a unit's ledgers are complete (台账完整率): of the fields asked for at the row's stage, how many are filled; and the rows
-- that were sent back or can't be tied. Every row that stands is in one unit or in 未归到单位. A refused row never landed and
-- bears no unit: it is the unit's whose rows alone fill that sheet.
{% set as_of = as_of_date() %}
{% set dates = {
    'leads': 'reported_date', 'follow_ups': 'known_date', 'stage_moves': 'known_date', 'targets': 'cast(null as date)',
    'investment_progress': 'period_date', 'project_commitments': 'agreed_date',
} %}
with names as (

    select
        name_form,
        unit_name
    from {{ ref('int_unit__names') }}
    where not is_ambiguous

),

asked as (

    select
        ledger,
        field_name,
        arg_max(field_title, valid_from) as field_title,
        arg_max_null(nullif(trim(from_stage), ''), valid_from) as from_stage
    from {{ source('office', 'completeness_fields') }}
    where {{ by_the_day('valid_from') }}
    group by ledger, field_name

),

stages as (

    select
        stage,
        min(stage_order) as stage_order
    from {{ source('office', 'stage_rules') }}
    group by stage

),

received as (
{% for ledger, fields in completeness_fields().items() %}
    select
        '{{ ledger }}' as ledger,
        rows.source_file,
        rows.source_sheet,
        rows.source_row,
        rows.received_seq,
        {% if ledger == 'targets' %}names.unit_name{% else %}units.unit_name{% endif %} as unit_name,
        {% if ledger == 'stage_moves' %}case when rows.stage = '终止' then 1 else coalesce(stages.stage_order, 1) end
        {%- elif ledger == 'targets' %}1
        {%- else %}coalesce(leads.stage_order, 1){% endif %} as stage_order,
        {{ dates[ledger] if ledger == 'targets' else 'rows.' ~ dates[ledger] }} as row_date,
        [
            {%- for field in fields %}
            {%- set column = 'written_unit_name' if field == 'unit_name' else field %}
            {'field_name': '{{ field }}', 'is_filled': coalesce(trim(cast(rows.{{ column }} as varchar)), '') != ''}
            {{- ',' if not loop.last }}
            {%- endfor %}
        ] as cells
    from {{ ref('stg_ledger__' ~ ledger) }} as rows
    {%- if ledger == 'targets' %}
    left join names on {{ name_form('rows.written_unit_name') }} = names.name_form
    {%- else %}
    left join {{ ref('int_lead__units') }} as units on rows.lead_id = units.lead_id
    left join {{ ref('brd_lead__progress') }} as leads on rows.lead_id = leads.lead_id
    {%- endif %}
    {%- if ledger == 'stage_moves' %}
    left join stages on rows.stage = stages.stage
    {%- endif %}
    {{ 'union all' if not loop.last }}
{% endfor %}
),

standing as (

    select
        *,
        row_number() over (order by ledger, received_seq, source_file, source_sheet, source_row) as row_no
    from received

),

cells as (

    select
        row_no,
        ledger,
        stage_order,
        unnest(cells, recursive := true)
    from standing

),

asked_cells as (

    select
        cells.row_no,
        asked.field_title,
        cells.is_filled
    from cells
    inner join asked on cells.ledger = asked.ledger and cells.field_name = asked.field_name
    left join stages on asked.from_stage = stages.stage
    where {{ reached(none, 'cells.stage_order', rank='coalesce(stages.stage_order, 1)') }}

),

row_cells as (

    select
        row_no,
        count(*) as asked_count,
        count(*) filter (where is_filled) as filled_count
    from asked_cells
    group by row_no

),

annotated as (

    select distinct
        ledger,
        source_file,
        source_sheet,
        source_row
    from {{ ref('int_ledger__rejected') }}

),

counted as (

    select
        coalesce(standing.unit_name, '未归到单位') as unit_name,
        standing.ledger,
        count(*) as row_count,
        count(*) filter (where row_cells.asked_count = row_cells.filled_count) as complete_row_count,
        sum(row_cells.asked_count) as asked_count,
        sum(row_cells.filled_count) as filled_count,
        count(annotated.source_row) as annotated_count,
        max(standing.row_date) filter (where {{ by_the_day('standing.row_date') }}) as last_row_date
    from standing
    left join row_cells on standing.row_no = row_cells.row_no
    left join annotated using (ledger, source_file, source_sheet, source_row)
    group by 1, 2

),

sheets as (

    select
        ledger,
        source_file,
        source_sheet,
        min(unit_name) as unit_name
    from standing
    group by ledger, source_file, source_sheet
    having count(distinct unit_name) = 1 and bool_and(unit_name is not null)

),

refused as (

    select
        coalesce(sheets.unit_name, '未归到单位') as unit_name,
        refused.ledger,
        count(*) as refused_count
    from (
        select distinct
            ledger,
            source_file,
            source_sheet,
            source_row
        from {{ ref('stg_ledger__refused') }}
        where not is_row_taken and ledger in ('{{ completeness_fields() | join("', '") }}')
    ) as refused
    left join sheets using (ledger, source_file, source_sheet)
    group by 1, 2

),

missing as (

    select
        unit_name,
        ledger,
        string_agg(field_title || '缺' || missing_count || '行', '、' order by missing_count desc, field_title) as missing_text
    from (
        select
            coalesce(standing.unit_name, '未归到单位') as unit_name,
            standing.ledger,
            asked_cells.field_title,
            count(*) as missing_count
        from asked_cells
        inner join standing on asked_cells.row_no = standing.row_no
        where not asked_cells.is_filled
        group by 1, 2, 3
    ) as fields
    group by unit_name, ledger

),

by_ledger as (

    select
        unit_name,
        ledger,
        coalesce(counted.row_count, 0) as row_count,
        coalesce(counted.complete_row_count, 0) as complete_row_count,
        coalesce(counted.asked_count, 0) as asked_count,
        coalesce(counted.filled_count, 0) as filled_count,
        coalesce(counted.annotated_count, 0) as annotated_count,
        coalesce(refused.refused_count, 0) as refused_count,
        counted.last_row_date,
        missing.missing_text
    from counted
    full join refused using (unit_name, ledger)
    left join missing using (unit_name, ledger)

),

summed as (

    select
        '全部' as ledger,
        units.unit_name,
        coalesce(sum(by_ledger.row_count), 0) as row_count,
        coalesce(sum(by_ledger.complete_row_count), 0) as complete_row_count,
        coalesce(sum(by_ledger.asked_count), 0) as asked_count,
        coalesce(sum(by_ledger.filled_count), 0) as filled_count,
        coalesce(sum(by_ledger.annotated_count), 0) as annotated_count,
        coalesce(sum(by_ledger.refused_count), 0) as refused_count,
        max(by_ledger.last_row_date) as last_row_date,
        cast(null as varchar) as missing_text
    from (
        select unit_name from {{ ref('dim_units') }}
        union
        select '未归到单位'
    ) as units
    left join by_ledger on units.unit_name = by_ledger.unit_name
    group by units.unit_name
    union all by name
    select * from by_ledger

)

select
    summed.unit_name,
    units.unit_type,
    summed.ledger,
    case summed.ledger
        when '全部' then '全部台账'
        {%- for ledger in completeness_fields() %}
        when '{{ ledger }}' then '{{ ledger_titles()[ledger] }}'
        {%- endfor %}
    end as ledger_name,
    cast(summed.row_count as bigint) as row_count,
    cast(summed.complete_row_count as bigint) as complete_row_count,
    cast(summed.asked_count as bigint) as asked_count,
    cast(summed.filled_count as bigint) as filled_count,
    round(100.0 * summed.filled_count / nullif(summed.asked_count, 0), 2) as filled_pct,
    cast(summed.annotated_count as bigint) as annotated_count,
    cast(summed.refused_count as bigint) as refused_count,
    summed.last_row_date,
    summed.missing_text,
    {{ as_of }} as as_of_date
from summed
left join {{ ref('dim_units') }} as units on summed.unit_name = units.unit_name
