-- Rows of one file that bear one key and contradict each other (编号相同而内容不同), sheet by sheet: none of them counts.
select
    ledger,
    source_file,
    source_sheet,
    count(distinct source_row) as doubtful_row_count,
    arg_min(reason, source_row) as doubtful_reason
from {{ ref('stg_ledger__refused') }}
where not is_row_taken and reason like '%编号相同而内容不同%'
group by ledger, source_file, source_sheet
