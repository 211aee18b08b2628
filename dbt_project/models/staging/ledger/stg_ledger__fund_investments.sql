with landed as (

    select * from {{ source('landing', 'fund_investments') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('fund_investments') }} = 1

)

select
    fund_name,
    project_name,
    as_of_date,
    as_of_date_precision,
    step,
    lead_id,
    invested_wan_cny,
    invested_currency,
    invested_rate,
    outside_capital_wan_cny,
    outside_capital_currency,
    outside_capital_rate,
    reinvestment_counted_wan_cny,
    reinvestment_counted_currency,
    reinvestment_counted_rate,
    invested_date,
    invested_date_precision,
    terms_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
