with landed as (

    select * from {{ source('landing', 'parks') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('parks') }} = 1

)

select
    park_name,
    as_of_date,
    as_of_date_precision,
    unit_name as written_unit_name,
    industries,
    planned_area_mu,
    vacant_land_mu,
    vacant_plant_mu,
    power_kva,
    water_tpd,
    gas_m3ph,
    steam_tph,
    sewage_tpd,
    environment_capacity,
    floor_intensity_wan_cny_per_mu,
    floor_tax_wan_cny_per_mu,
    park_kind,
    city_name,
    longitude,
    latitude,
    power_free_kva,
    water_free_tpd,
    gas_free_m3ph,
    steam_free_tph,
    sewage_free_tpd,
    energy_free_tce,
    floor_output_wan_cny_per_tce,
    tenant_count,
    infrastructure_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
