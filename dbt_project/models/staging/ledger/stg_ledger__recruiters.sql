with landed as (

    select * from {{ source('landing', 'recruiters') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('recruiters') }} = 1

)

select
    recruiter_no,
    unit_name as written_unit_name,
    post,
    languages,
    industries,
    since_date,
    since_date_precision,
    until_date,
    until_date_precision,
    handover_to_no,
    is_stationed,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
