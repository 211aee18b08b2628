-- Which ledgers came in, and what each of the others would add (还缺哪些台账).
select
    uses.ledger,
    accounting.ledger_name,
    nullif(accounting.landed_count, 0) as received_count,
    uses.use_text,
    cast(uses.use_order as bigint) as use_order,
    {{ as_of_date() }} as as_of_date
from {{ ref('ledger_uses') }} as uses
inner join {{ ref('fct_row_accounting') }} as accounting on uses.ledger = accounting.ledger
