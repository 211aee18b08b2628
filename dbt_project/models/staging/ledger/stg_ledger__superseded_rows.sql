-- Landed rows that a later row of the same key replaced (被后收到的行替换). Counted from the landed files, not from
-- staging, so that landed = standing + superseded + rejected is a proof and not a definition.
{% set labels = ledger_titles() %}
with
{% for ledger in ledger_keys() %}
{{ ledger }}_ranked as (

    select
        '{{ ledger }}' as ledger,
        '{{ labels[ledger] }}' as ledger_name,
        concat_ws('｜', {{ ledger_keys()[ledger] | join(', ') }}) as row_key,
        source_file,
        source_sheet,
        source_row,
        received_seq,
        {{ received_rank(ledger) }} as received_rank
    from {{ source('landing', ledger) }}

),
{% endfor %}
ranked as (
{% for ledger in ledger_keys() %}
    select * from {{ ledger }}_ranked
    {{ 'union all' if not loop.last }}
{% endfor %}
)

select
    ledger,
    ledger_name,
    row_key,
    source_file,
    source_sheet,
    source_row,
    received_seq,
    received_rank
from ranked
where received_rank > 1
