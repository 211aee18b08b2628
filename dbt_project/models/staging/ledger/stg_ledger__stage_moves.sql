with landed as (

    select * from {{ source('landing', 'stage_moves') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('stage_moves') }} = 1

)

select
    lead_id,
    project_name,
    unit_name as written_unit_name,
    stage,
    moved_date,
    moved_date_precision,
    recorded_date,
    {{ known_date('moved_date', 'recorded_date') }} as known_date,
    evidence_kind,
    evidence_no,
    paid_tax_wan_cny,
    paid_tax_currency,
    paid_tax_rate,
    lost_reason,
    recorded_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
