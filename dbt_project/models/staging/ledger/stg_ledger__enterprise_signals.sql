with landed as (

    select * from {{ source('landing', 'enterprise_signals') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('enterprise_signals') }} = 1

)

select
    enterprise_name,
    uscc,
    signal_kind,
    signal_date,
    signal_date_precision,
    signal_text,
    amount_wan_cny,
    amount_currency,
    amount_rate,
    place_name,
    source_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
