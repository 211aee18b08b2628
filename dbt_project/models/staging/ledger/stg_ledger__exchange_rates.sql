with landed as (

    select * from {{ source('landing', 'exchange_rates') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('exchange_rates') }} = 1

)

select
    currency,
    rate_month_date,
    rate_month_date_precision,
    cny_per_unit,
    rate_source,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
