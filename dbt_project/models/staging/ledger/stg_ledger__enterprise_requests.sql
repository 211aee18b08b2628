with landed as (

    select * from {{ source('landing', 'enterprise_requests') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('enterprise_requests') }} = 1

)

select
    request_id,
    enterprise_name,
    uscc,
    lead_id,
    request_text,
    request_kind,
    received_date,
    received_date_precision,
    handling_unit_name,
    due_date,
    due_date_precision,
    closed_date,
    closed_date_precision,
    closed_by,
    reopened_date,
    reopened_date_precision,
    satisfaction,
    responded_date,
    responded_date_precision,
    is_complaint,
    need_id,
    result_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
