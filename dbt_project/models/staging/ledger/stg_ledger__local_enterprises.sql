with landed as (

    select * from {{ source('landing', 'local_enterprises') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('local_enterprises') }} = 1

)

select
    uscc,
    enterprise_name,
    care_level,
    unit_name as written_unit_name,
    is_recruiting,
    industry_code,
    products,
    chain_name,
    titles,
    is_chain_leader,
    output_wan_cny,
    output_currency,
    output_rate,
    tax_wan_cny,
    tax_currency,
    tax_rate,
    employee_count,
    land_mu,
    last_visit_date,
    last_visit_date_precision,
    expansion_text,
    energy_tce,
    established_date,
    established_date_precision,
    group_name,
    headquarters_kind,
    park_name,
    building_name,
    office_area_m2,
    leader_post,
    home_region_name,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
