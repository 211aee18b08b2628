-- Office buildings and incubators by their last figures by the day (总部楼宇), what they bring per ㎡ and per head, and
-- which leads look for an office.
with buildings as (

    select
        buildings.*,
        coalesce(names.unit_name, buildings.written_unit_name) as unit_name
    from {{ ref('stg_ledger__headquarters_buildings') }} as buildings
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('buildings.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day('buildings.as_of_date') }}
    qualify row_number() over (
        partition by buildings.building_name order by buildings.as_of_date desc, buildings.received_seq desc
    ) = 1

),

-- Headquarters in a building, by the ledger of local firms: an own count beside the building's word.
tenants as (

    select
        {{ name_form('building_name') }} as building_form,
        count(*) as tenant_count,
        {{ money_sum('office_area_m2', 'tax_wan_cny is not null') }} as office_area_m2,
        {{ money_sum('tax_wan_cny', 'office_area_m2 is not null') }} as tax_wan_cny,
        string_agg(enterprise_name || '（' || headquarters_kind || '）', '、' order by enterprise_name) as tenant_text
    from {{ ref('stg_ledger__local_enterprises') }}
    where headquarters_kind is not null and headquarters_kind != '非总部' and building_name is not null
    group by building_form

),

seekers as (

    select
        {{ name_form('unit_name') }} as unit_form,
        count(*) as seeker_count,
        string_agg(project_name || '（' || headquarters_kind || '）', '、' order by lead_id) as seeker_text
    from {{ ref('brd_lead__standing') }}
    where is_open and lost_date is null and headquarters_kind is not null and headquarters_kind not in ('否', '非总部', '无')
    group by unit_form

),

judged as (

    select
        *,
        nullif(concat_ws(
            '；',
            case when vacant_area_m2 < 0 then '空置面积为负' end,
            case when total_area_m2 <= 0 then '总建筑面积不是正数' end,
            case when vacant_area_m2 > total_area_m2 then '空置面积大于总建筑面积' end,
            case when places_count < 0 then '可用工位数为负' end
        ), '') as problem_text
    from buildings

)

select
    judged.building_name,
    judged.building_kind,
    judged.unit_name,
    judged.as_of_date as figures_date,
    case when {{ as_of_date() }} - judged.as_of_date > {{ rule('building_stale_days') }} then '数据过期' else '有效' end as freshness,
    judged.total_area_m2,
    judged.vacant_area_m2,
    case when judged.problem_text is null then 100.0 * judged.vacant_area_m2 / judged.total_area_m2 end as vacancy_pct,
    judged.places_count,
    judged.tenant_count,
    judged.headquarters_count,
    judged.tax_wan_cny,
    -- Actual tax only, over the area that is let; 元 for a ㎡, 万元 for a head.
    case when judged.problem_text is null
        then 10000 * judged.tax_wan_cny / nullif(judged.total_area_m2 - judged.vacant_area_m2, 0) end as tax_cny_per_m2,
    judged.tax_wan_cny / nullif(judged.head_count, 0) as tax_wan_cny_per_head,
    tenants.tenant_text,
    10000 * tenants.tax_wan_cny / nullif(tenants.office_area_m2, 0) as headquarters_tax_cny_per_m2,
    case when judged.problem_text is null and (judged.vacant_area_m2 > 0 or judged.places_count > 0)
        then coalesce(seekers.seeker_text, '本单位暂无找办公场所的总部线索') end as seeker_text,
    case when judged.problem_text is null and (judged.vacant_area_m2 > 0 or judged.places_count > 0)
        then coalesce(seekers.seeker_count, 0) end as seeker_count,
    (
        select arg_max(text_value, valid_from) from {{ source('office', 'business_rules') }}
        where rule = 'headquarters_text' and {{ by_the_day('valid_from') }}
    ) as headquarters_text,
    judged.problem_text,
    judged.source_file,
    judged.source_sheet,
    judged.source_row
from judged
left join tenants on {{ name_form('judged.building_name') }} = tenants.building_form
left join seekers on {{ name_form('judged.unit_name') }} = seekers.unit_form
