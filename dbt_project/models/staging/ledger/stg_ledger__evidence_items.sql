with landed as (

    select * from {{ source('landing', 'evidence_items') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('evidence_items') }} = 1

)

select
    lead_id,
    evidence_no,
    evidence_kind,
    stage,
    document_date,
    document_date_precision,
    received_date,
    received_date_precision,
    file_name,
    verdict,
    verified_by,
    verified_date,
    verified_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
