with landed as (

    select * from {{ source('landing', 'publicity_releases') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('publicity_releases') }} = 1

)

select
    release_id,
    release_title,
    release_text,
    lead_id,
    unit_name as written_unit_name,
    medium,
    is_confidential,
    submitted_date,
    submitted_date_precision,
    approval,
    approved_by,
    approved_date,
    approved_date_precision,
    published_date,
    published_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
