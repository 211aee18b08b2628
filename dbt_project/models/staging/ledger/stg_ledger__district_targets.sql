with landed as (

    select * from {{ source('landing', 'district_targets') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('district_targets') }} = 1

)

select
    target_year,
    issued_by,
    indicator,
    target_value,
    measure,
    issued_date,
    issued_date_precision,
    document_no,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
