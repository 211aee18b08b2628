with landed as (

    select * from {{ source('landing', 'agencies') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('agencies') }} = 1

)

select
    agency_name,
    uscc,
    contract_no,
    scope_text,
    region_name,
    valid_from_date,
    valid_from_date_precision,
    valid_to_date,
    valid_to_date_precision,
    lead_count,
    landed_count,
    fee_due_wan_cny,
    fee_due_currency,
    fee_due_rate,
    fee_paid_wan_cny,
    fee_paid_currency,
    fee_paid_rate,
    fee_evidence,
    agency_kind,
    state,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
