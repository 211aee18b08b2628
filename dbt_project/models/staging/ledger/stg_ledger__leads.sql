with landed as (

    select * from {{ source('landing', 'leads') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in int_ledger__superseded.
standing as (

    select *
    from landed
    qualify {{ received_rank('leads') }} = 1

)

select
    lead_id,
    project_name,
    enterprise_name,
    uscc,
    unit_name as written_unit_name,
    reported_date,
    reported_date as known_date,
    reported_date_precision,
    investment_wan_cny,
    investment_currency,
    investment_rate,
    fixed_investment_wan_cny,
    fixed_investment_currency,
    fixed_investment_rate,
    is_foreign,
    origin_name,
    industry_code,
    left(industry_code, 2) as division_code,
    industry_name,
    product_text,
    lead_source,
    land_mu,
    expected_output_wan_cny,
    expected_output_currency,
    expected_output_rate,
    promised_tax_wan_cny,
    promised_tax_currency,
    promised_tax_rate,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
