with landed as (

    select * from {{ source('landing', 'external_lists') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('external_lists') }} = 1

)

select
    list_name,
    edition,
    enterprise_name,
    uscc,
    rank,
    group_name,
    stock_code,
    headquarters_name,
    industry_name,
    revenue_wan_cny,
    revenue_currency,
    revenue_rate,
    published_date,
    published_date_precision,
    source_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
