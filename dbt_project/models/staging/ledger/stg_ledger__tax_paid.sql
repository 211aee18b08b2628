with landed as (

    select * from {{ source('landing', 'tax_paid') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('tax_paid') }} = 1

)

select
    uscc,
    enterprise_name,
    lead_id,
    tax_year,
    paid_tax_wan_cny,
    paid_tax_currency,
    paid_tax_rate,
    local_tax_wan_cny,
    local_tax_currency,
    local_tax_rate,
    output_wan_cny,
    output_currency,
    output_rate,
    revenue_wan_cny,
    revenue_currency,
    revenue_rate,
    land_mu,
    confirmed_date,
    confirmed_date_precision,
    energy_tce,
    employee_count,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
