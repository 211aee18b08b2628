with landed as (

    select * from {{ source('landing', 'project_commitments') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('project_commitments') }} = 1

)

select
    lead_id,
    project_name,
    agreed_contract_no,
    agreed_date,
    agreed_date_precision,
    agreed_investment_wan_cny,
    agreed_investment_currency,
    agreed_investment_rate,
    agreed_fixed_investment_wan_cny,
    agreed_fixed_investment_currency,
    agreed_fixed_investment_rate,
    agreed_land_mu,
    agreed_intensity_wan_cny_per_mu,
    agreed_tax_wan_cny_per_mu,
    agreed_output_wan_cny,
    agreed_output_currency,
    agreed_output_rate,
    agreed_tax_year1_wan_cny,
    agreed_tax_year1_currency,
    agreed_tax_year1_rate,
    agreed_tax_year2_wan_cny,
    agreed_tax_year2_currency,
    agreed_tax_year2_rate,
    agreed_tax_year3_wan_cny,
    agreed_tax_year3_currency,
    agreed_tax_year3_rate,
    agreed_energy_tce,
    agreed_employee_count,
    start_due_date,
    start_due_date_precision,
    completion_due_date,
    completion_due_date_precision,
    operation_due_date,
    operation_due_date_precision,
    fdi_wan_cny,
    fdi_currency,
    fdi_rate,
    package_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
