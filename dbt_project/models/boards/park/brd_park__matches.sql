-- Every open lead before its land with every usable park (园区匹配): a hard conflict excludes, a soft one scores; what is
-- not written on either side is not judged and said so.
{% set needs = [
    ('land_mu', 'vacant_land_mu', '用地', '亩'),
    ('plant_area_mu', 'vacant_plant_mu', '厂房', '亩'),
    ('power_kva', 'power_free_kva', '用电', 'kVA'),
    ('water_tpd', 'water_free_tpd', '用水', '吨/日'),
    ('gas_m3ph', 'gas_free_m3ph', '用气', '立方米/小时'),
    ('steam_tph', 'steam_free_tph', '用汽', '吨/小时'),
    ('sewage_tpd', 'sewage_free_tpd', '排水', '吨/日'),
    ('energy_tce', 'energy_free_tce', '能耗', '吨标准煤'),
] %}
{% set utilities = needs[2:] %}
with leads as (

    select * from {{ ref('brd_lead__standing') }} where is_before_land and lost_date is null and not is_forbidden

),

-- Of several free plants of a park the best height and load: a project needs one plant that has both.
plants as (

    select
        {{ name_form('park_name') }} as park_form,
        list({'height': coalesce(storey_height_m, 0), 'load': coalesce(floor_load_t, 0)}) as plants
    from {{ ref('stg_ledger__parcels_plants') }}
    where site_kind = '厂房' and site_status = '可用' and {{ by_the_day("coalesce(updated_date, date '1900-01-01')") }}
    group by park_form

),

points as (

    select
        {{ rule('match_points_industry') }} as industry_full,
        {{ rule('match_points_space') }} as space_full,
        {{ rule('match_points_utilities') }} as utilities_full,
        {{ rule('match_points_floors') }} as floors_full,
        {{ rule('match_points_same_unit') }} as unit_full

),

pairs as (

    select
        leads.lead_id,
        leads.project_name,
        leads.unit_name,
        parks.park_name,
        parks.unit_name as park_unit_name,
        {% for need, free, title, measure in needs %}
        leads.{{ need }},
        parks.{{ free }},
        {% endfor %}
        nullif(concat_ws(
            '；',
            {% for need, free, title, measure in needs %}
            case when leads.{{ need }} > parks.{{ free }}
                then '{{ title }}不足：需 ' || round(leads.{{ need }}, 1) || '，余 ' || round(parks.{{ free }}, 1) || ' {{ measure }}' end,
            {% endfor %}
            case when leads.intensity_wan_cny_per_mu < parks.floor_intensity_wan_cny_per_mu
                then '投资强度 ' || round(leads.intensity_wan_cny_per_mu, 1) || ' 低于园区下限 '
                    || round(parks.floor_intensity_wan_cny_per_mu, 1) || ' 万元/亩' end,
            case when leads.tax_wan_cny_per_mu < parks.floor_tax_wan_cny_per_mu
                then '亩均税收 ' || round(leads.tax_wan_cny_per_mu, 1) || ' 低于园区下限 '
                    || round(parks.floor_tax_wan_cny_per_mu, 1) || ' 万元/亩' end,
            case when leads.expected_output_wan_cny / nullif(leads.energy_tce, 0) < parks.floor_output_wan_cny_per_tce
                then '单位能耗产值低于园区下限 ' || round(parks.floor_output_wan_cny_per_tce, 1) || ' 万元/吨标准煤' end,
            case when (leads.storey_height_m is not null or leads.floor_load_t is not null)
                and len(coalesce(plants.plants, [])) > 0
                and len(list_filter(
                    plants.plants,
                    p -> p.height >= coalesce(leads.storey_height_m, 0) and p.load >= coalesce(leads.floor_load_t, 0)
                )) = 0
                then '没有层高、承重都符合的闲置厂房' end
        ), '') as conflict_text,
        nullif(concat_ws(
            '、',
            {% for need, free, title, measure in needs %}
            case when leads.{{ need }} > 0 and parks.{{ free }} is null then '{{ title }}余量未填' end,
            {% endfor %}
            case when leads.land_mu is null and leads.plant_area_mu is null then '项目未填用地或厂房需求' end
        ), '') as unjudged_text,
        case when len(list_filter(
                {{ written_list('parks.industries') }},
                x -> contains(concat_ws('、', leads.chain_name, leads.node_name, leads.industry_name, leads.product_text), x)
                    or contains(coalesce(leads.chain_name, ''), x) or contains(x, coalesce(nullif(leads.chain_name, ''), '无'))
            )) > 0 then points.industry_full else 0 end as industry_points,
        case
            when coalesce(leads.land_mu, leads.plant_area_mu) is null then 0
            when coalesce(leads.land_mu <= parks.vacant_land_mu, true)
                and coalesce(leads.plant_area_mu <= parks.vacant_plant_mu, true)
                and coalesce(leads.land_mu <= parks.vacant_land_mu, leads.plant_area_mu <= parks.vacant_plant_mu) is not null
                then points.space_full
            else 0
        end as space_points,
        -- Points for what was compared and suffices, in proportion to what was asked.
        {% set asked %}({% for need, free, title, measure in utilities %}case when leads.{{ need }} > 0 then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %}){% endset %}
        {% set met %}({% for need, free, title, measure in utilities %}case when leads.{{ need }} > 0 and leads.{{ need }} <= parks.{{ free }} then 1 else 0 end{{ ' + ' if not loop.last }}{% endfor %}){% endset %}
        points.utilities_full * coalesce(1.0 * {{ met }} / nullif({{ asked }}, 0), 0) as utilities_points,
        case
            when leads.intensity_wan_cny_per_mu >= parks.floor_intensity_wan_cny_per_mu
                and leads.tax_wan_cny_per_mu >= parks.floor_tax_wan_cny_per_mu then points.floors_full
            when leads.intensity_wan_cny_per_mu >= parks.floor_intensity_wan_cny_per_mu
                or leads.tax_wan_cny_per_mu >= parks.floor_tax_wan_cny_per_mu then points.floors_full / 2
            else 0
        end as floors_points,
        case when leads.unit_name = parks.unit_name then points.unit_full else 0 end as unit_points,
        parks.is_stale
    from leads
    cross join points
    inner join {{ ref('brd_park__register') }} as parks on parks.is_usable
    left join plants on {{ name_form('parks.park_name') }} = plants.park_form

),

scored as (

    select
        *,
        conflict_text is not null as is_excluded,
        round(industry_points + space_points + utilities_points + floors_points + unit_points, 2) as match_points
    from pairs

)

select
    lead_id,
    project_name,
    unit_name,
    park_name,
    park_unit_name,
    is_excluded,
    case when is_excluded then '不匹配' else '可匹配' end as verdict,
    case when not is_excluded then row_number() over (
        partition by lead_id, is_excluded order by match_points desc, park_name
    ) end as park_rank,
    match_points,
    industry_points,
    space_points,
    utilities_points,
    floors_points,
    unit_points,
    coalesce(conflict_text, concat_ws(
        '；',
        case when industry_points > 0 then '主导产业相符（+' || round(industry_points, 1) || '）' else '主导产业未见相符' end,
        case when space_points > 0 then '用地或厂房有余量（+' || round(space_points, 1) || '）' end,
        case when utilities_points > 0 then '要素余量够（+' || round(utilities_points, 1) || '）' end,
        case when floors_points > 0 then '达到园区下限（+' || round(floors_points, 1) || '）' end,
        case when unit_points > 0 then '在负责单位所在镇街（+' || round(unit_points, 1) || '）' end,
        case when is_stale then '园区数据已过期' end
    )) as reason_text,
    unjudged_text,
    {% for need, free, title, measure in needs %}
    {{ need }},
    {% endfor %}
    {{ as_of_date() }} as as_of_date
from scored
