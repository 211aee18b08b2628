with landed as (

    select * from {{ source('landing', 'parcels_plants') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('parcels_plants') }} = 1

)

select
    site_id,
    site_kind,
    park_name,
    location,
    area_mu,
    land_use,
    site_status,
    storey_height_m,
    floor_load_t,
    plot_ratio,
    power_kva,
    price_text,
    available_from_date,
    available_from_date_precision,
    updated_date,
    updated_date_precision,
    unit_name as written_unit_name,
    storeys,
    crane_t,
    fire_class,
    owner_name,
    lead_id,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
