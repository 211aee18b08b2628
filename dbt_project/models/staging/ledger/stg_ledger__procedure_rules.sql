with landed as (

    select * from {{ source('landing', 'procedure_rules') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('procedure_rules') }} = 1

)

select
    project_kind,
    procedure_step,
    step_order,
    handling_unit_name,
    limit_days,
    after_steps,
    valid_from_date,
    valid_from_date_precision,
    valid_to_date,
    valid_to_date_precision,
    is_verified,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
