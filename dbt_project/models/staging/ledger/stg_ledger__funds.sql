with landed as (

    select * from {{ source('landing', 'funds') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('funds') }} = 1

)

select
    fund_name,
    as_of_date,
    as_of_date_precision,
    size_wan_cny,
    size_currency,
    size_rate,
    fund_kind,
    sector_text,
    manager_name,
    committed_wan_cny,
    committed_currency,
    committed_rate,
    called_wan_cny,
    called_currency,
    called_rate,
    invested_wan_cny,
    invested_currency,
    invested_rate,
    reinvestment_owed_wan_cny,
    reinvestment_owed_currency,
    reinvestment_owed_rate,
    reinvestment_done_wan_cny,
    reinvestment_done_currency,
    reinvestment_done_rate,
    reinvestment_due_date,
    reinvestment_due_date_precision,
    terms_text,
    valid_to_date,
    valid_to_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
