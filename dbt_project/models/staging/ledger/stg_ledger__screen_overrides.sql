with landed as (

    select * from {{ source('landing', 'screen_overrides') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('screen_overrides') }} = 1

)

select
    lead_id,
    catalogue_name,
    item_no,
    new_result,
    decided_by,
    decided_post,
    override_reason,
    decided_date,
    decided_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
