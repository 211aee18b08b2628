with landed as (

    select * from {{ source('landing', 'units') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('units') }} = 1

)

select
    unit_code,
    unit_name,
    unit_type,
    short_names,
    parent_unit_name,
    unit_name,
    is_lead_department,
    chain_name,
    valid_from_date,
    valid_from_date_precision,
    former_names,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
