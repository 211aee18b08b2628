with landed as (

    select * from {{ source('landing', 'lead_transfers') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('lead_transfers') }} = 1

)

select
    lead_id,
    project_name,
    from_unit_name,
    to_unit_name,
    transferred_date,
    transferred_date_precision,
    transfer_state,
    reason,
    credit_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
