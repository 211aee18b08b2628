with landed as (

    select * from {{ source('landing', 'procedures') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('procedures') }} = 1

)

select
    lead_id,
    project_name,
    procedure_step,
    handling_unit_name,
    planned_date,
    planned_date_precision,
    accepted_date,
    accepted_date_precision,
    done_date,
    done_date_precision,
    limit_days,
    document_no,
    blocker,
    planned_start_date,
    planned_start_date_precision,
    blocked_since_date,
    blocked_since_date_precision,
    blocked_by_unit,
    responsible_post,
    project_kind,
    is_required,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
