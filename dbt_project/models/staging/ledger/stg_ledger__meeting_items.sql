with landed as (

    select * from {{ source('landing', 'meeting_items') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('meeting_items') }} = 1

)

select
    item_id,
    meeting_date,
    meeting_date_precision,
    meeting_name,
    lead_id,
    project_name,
    item_text,
    unit_name as written_unit_name,
    due_date,
    due_date_precision,
    state,
    closed_date,
    closed_date_precision,
    reminder_level,
    result_text,
    item_kind,
    chair_post,
    reminder_count,
    reminded_date,
    reminded_date_precision,
    risk_enterprise_name,
    risk_signal_date,
    risk_signal_date_precision,
    department_blocked,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
