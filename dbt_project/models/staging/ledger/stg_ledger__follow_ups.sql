with landed as (

    select * from {{ source('landing', 'follow_ups') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('follow_ups') }} = 1

)

select
    lead_id,
    project_name,
    unit_name as written_unit_name,
    follow_up_date,
    follow_up_date_precision,
    recorded_date,
    {{ known_date('follow_up_date', 'recorded_date') }} as known_date,
    method,
    led_by,
    content,
    result,
    next_step,
    recorded_date_precision,
    next_step_due_date,
    next_step_due_date_precision,
    counterparty_name,
    counterparty_uscc,
    event_id,
    city_name,
    recruiter_no,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
