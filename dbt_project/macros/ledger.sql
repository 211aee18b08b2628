{#- Keys of the ledgers, as in intake/contracts/*.yaml (tests/dbt compares the two). -#}
{% macro ledger_keys() -%}
    {{ return({
        'units': ['unit_name'],
        'leads': ['lead_id'],
        'follow_ups': ['lead_id', 'follow_up_date', 'method', 'content'],
        'stage_moves': ['lead_id', 'stage', 'moved_date'],
        'targets': ['target_year', 'unit_name', 'indicator'],
    }) }}
{%- endmacro %}

{#- Rank of a landed row among those of its key: 1 = the last received (最后收到的为准). The file and sheet only break
    ties between two sheets that hold the key on the same row number. -#}
{% macro received_rank(ledger) -%}
    row_number() over (
        partition by {{ ledger_keys()[ledger] | join(', ') }}
        order by received_seq desc, source_row desc, source_sheet desc, source_file desc
    )
{%- endmacro %}

{#- When the office knew a fact: not before it happened, not before it was recorded (填报). -#}
{% macro known_date(event_date, recorded_date) -%}
    greatest({{ event_date }}, coalesce({{ recorded_date }}, {{ event_date }}))
{%- endmacro %}
