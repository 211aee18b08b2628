with landed as (

    select * from {{ source('landing', 'supply_links') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('supply_links') }} = 1

)

select
    supplier_name,
    supplier_uscc,
    customer_name,
    customer_uscc,
    product_text,
    yearly_amount_wan_cny,
    yearly_amount_currency,
    yearly_amount_rate,
    share_pct,
    is_local,
    told_by,
    as_of_date,
    as_of_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
