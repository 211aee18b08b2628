-- What a person has to mend so that it counts (需更正的行). Cells that could not be read at all are intake's list
-- (landing/refused.parquet); these rows could be read and can't be tied to a unit or a lead.
select
    ledger,
    ledger_name,
    row_key,
    source_file,
    source_sheet,
    source_row,
    source_column,
    written_value,
    reason,
    mend
from {{ ref('int_ledger__rejected') }}
