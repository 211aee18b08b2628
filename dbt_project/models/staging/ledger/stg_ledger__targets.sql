with landed as (

    select * from {{ source('landing', 'targets') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('targets') }} = 1

)

select
    target_year,
    unit_name as written_unit_name,
    indicator,
    target_value,
    measure,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
