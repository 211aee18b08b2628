-- Rows that intake could not read (读取时拒收), of ledgers and of the register, one shape.
with refused as (

    select
        coalesce(contract, '未识别') as ledger,
        file as source_file,
        sheet as source_sheet,
        "row" as source_row,
        "column" as source_column,
        "value" as written_value,
        reason,
        mend,
        coalesce(is_row_taken, false) as is_row_taken
    from {{ source('landing', 'refused') }}

    union all by name

    select
        contract as ledger,
        file as source_file,
        sheet as source_sheet,
        "row" as source_row,
        "column" as source_column,
        "value" as written_value,
        reason,
        mend,
        false as is_row_taken
    from {{ source('landing', 'register_refused') }}

)

select
    ledger,
    source_file,
    source_sheet,
    source_row,
    source_column,
    written_value,
    reason,
    mend,
    is_row_taken
from refused
