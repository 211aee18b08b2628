with landed as (

    select * from {{ source('landing', 'merge_decisions') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('merge_decisions') }} = 1

)

select
    left_id,
    right_id,
    left_name,
    right_name,
    decision,
    decided_date,
    decided_date_precision,
    decided_by,
    reason,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
