-- How many rows of each ledger landed, counted from the landed files: the left side of fct_row_accounting.
{% for ledger, name in ledger_titles().items() %}
select
    '{{ ledger }}' as ledger,
    '{{ name }}' as ledger_name,
    count(*) as landed_count
from {{ source('landing', ledger) }}
{{ 'union all' if not loop.last }}
{% endfor %}
