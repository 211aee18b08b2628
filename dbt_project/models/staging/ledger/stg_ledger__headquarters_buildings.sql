with landed as (

    select * from {{ source('landing', 'headquarters_buildings') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('headquarters_buildings') }} = 1

)

select
    building_name,
    building_kind,
    unit_name as written_unit_name,
    address,
    total_area_m2,
    vacant_area_m2,
    places_count,
    rent_text,
    tenant_count,
    headquarters_count,
    tax_wan_cny,
    tax_currency,
    tax_rate,
    head_count,
    as_of_date,
    as_of_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
