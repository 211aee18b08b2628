-- Parks by the last figures by the day (园区名录), with what can't be true said beside the row and kept out of matching.
with parks as (

    select
        parks.*,
        coalesce(names.unit_name, parks.written_unit_name) as unit_name
    from {{ ref('stg_ledger__parks') }} as parks
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('parks.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day('parks.as_of_date') }}
    qualify row_number() over (
        partition by {{ name_form('parks.park_name') }} order by parks.as_of_date desc, parks.received_seq desc, parks.park_name
    ) = 1

),

sites as (

    select
        {{ name_form('park_name') }} as park_form,
        count(*) filter (where site_kind = '地块') as free_parcel_count,
        count(*) filter (where site_kind = '厂房') as free_plant_count,
        coalesce({{ money_sum('area_mu', "site_kind = '地块'") }}, 0) as free_parcel_mu,
        coalesce({{ money_sum('area_mu', "site_kind = '厂房'") }}, 0) as free_plant_mu
    from {{ ref('stg_ledger__parcels_plants') }}
    where site_status = '可用'
        and area_mu > 0
        and {{ by_the_day("coalesce(available_from_date, date '1900-01-01')") }}
        and {{ by_the_day("coalesce(updated_date, date '1900-01-01')") }}
    group by park_form

),

projects as (

    select
        {{ name_form('park_name') }} as park_form,
        count(*) filter (where is_open) as open_project_count,
        count(*) filter (where started_date is not null) as started_project_count,
        count(*) filter (where key_level is not null) as key_project_count,
        string_agg(project_name || '（' || key_level || '）', '、' order by lead_id) filter (where key_level is not null)
            as key_project_text
    from {{ ref('brd_lead__standing') }}
    where park_name is not null
    group by park_form

),

judged as (

    select
        parks.*,
        nullif(concat_ws(
            '；',
            case when parks.planned_area_mu < 0 then '规划面积为负（' || parks.planned_area_mu || ' 亩）' end,
            case when parks.vacant_land_mu < 0 then '可供用地为负（' || parks.vacant_land_mu || ' 亩）' end,
            case when parks.vacant_plant_mu < 0 then '闲置厂房为负（' || parks.vacant_plant_mu || ' 亩）' end,
            case when parks.planned_area_mu >= 0 and parks.vacant_land_mu > parks.planned_area_mu
                then '可供用地大于规划面积' end,
            {% for column, title in [
                ('power_kva', '供电能力'), ('water_tpd', '供水能力'), ('gas_m3ph', '供气能力'), ('steam_tph', '供汽能力'),
                ('sewage_tpd', '污水处理能力'), ('power_free_kva', '供电余量'), ('water_free_tpd', '供水余量'),
                ('gas_free_m3ph', '供气余量'), ('steam_free_tph', '供汽余量'), ('sewage_free_tpd', '污水处理余量'),
                ('energy_free_tce', '能耗指标余量'),
            ] %}
            case when parks.{{ column }} < 0 then '{{ title }}为负' end,
            {% endfor %}
            case when parks.power_free_kva > parks.power_kva then '供电余量大于供电能力' end
        ), '') as fault_text,
        -- A city that the table does not know keeps the row: only the distance can't be told.
        case
            when parks.city_name is not null and parks.city_name != '{{ local_city() }}' and cities.city_name is null
                then '城市“' || parks.city_name || '”不在城市表中'
        end as city_fault_text
    from parks
    left join {{ source('office', 'cities') }} as cities on parks.city_name in (cities.city_name, regexp_replace(cities.city_name, '市$', ''))

)

select
    judged.park_name,
    judged.unit_name,
    judged.park_kind,
    judged.industries,
    judged.as_of_date as figures_date,
    {{ as_of_date() }} - judged.as_of_date as figures_age_days,
    {{ as_of_date() }} - judged.as_of_date > {{ rule('park_stale_days') }} as is_stale,
    case when {{ as_of_date() }} - judged.as_of_date > {{ rule('park_stale_days') }} then '数据过期' else '有效' end as freshness,
    judged.planned_area_mu,
    judged.vacant_land_mu,
    case when judged.fault_text is null then 100.0 * judged.vacant_land_mu / nullif(judged.planned_area_mu, 0) end
        as vacancy_pct,
    judged.vacant_plant_mu,
    coalesce(sites.free_parcel_count, 0) as free_parcel_count,
    coalesce(sites.free_plant_count, 0) as free_plant_count,
    coalesce(sites.free_parcel_mu, 0) as free_parcel_mu,
    coalesce(sites.free_plant_mu, 0) as free_plant_mu,
    judged.power_kva,
    judged.water_tpd,
    judged.gas_m3ph,
    judged.steam_tph,
    judged.sewage_tpd,
    judged.power_free_kva,
    judged.water_free_tpd,
    judged.gas_free_m3ph,
    judged.steam_free_tph,
    judged.sewage_free_tpd,
    judged.energy_free_tce,
    judged.environment_capacity,
    judged.floor_intensity_wan_cny_per_mu,
    judged.floor_tax_wan_cny_per_mu,
    judged.floor_output_wan_cny_per_tce,
    judged.tenant_count,
    judged.infrastructure_text,
    coalesce(projects.open_project_count, 0) as open_project_count,
    coalesce(projects.started_project_count, 0) as started_project_count,
    coalesce(projects.key_project_count, 0) as key_project_count,
    projects.key_project_text,
    judged.fault_text is null as is_usable,
    nullif(concat_ws('；', judged.fault_text, judged.city_fault_text), '') as problem_text,
    judged.source_file,
    judged.source_sheet,
    judged.source_row
from judged
left join sites on {{ name_form('judged.park_name') }} = sites.park_form
left join projects on {{ name_form('judged.park_name') }} = projects.park_form
qualify row_number() over (partition by judged.park_name order by judged.source_row) = 1
