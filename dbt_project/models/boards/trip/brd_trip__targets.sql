-- Firms that a trip could visit (可拜访企业): open leads from elsewhere and prospects of a node, each with its city, why it is
-- worth a visit, who can introduce, and when it was last visited.
with cities as (

    select
        city_name,
        province_name,
        regexp_replace(city_name, '市$', '') as short_name
    from {{ source('office', 'cities') }}

),

leads as (

    select
        'lead' as target_kind,
        leads.lead_id as target_key,
        leads.lead_id,
        leads.enterprise_name,
        leads.project_name,
        leads.unit_name,
        coalesce(cities.city_name, firm_cities.city_name) as city_name,
        leads.chain_fit as fit,
        concat_ws('；', leads.stage || '阶段', leads.chain_name, leads.node_name) as reason_text,
        leads.last_in_person_date as last_visit_date
    from {{ ref('brd_lead__standing') }} as leads
    left join cities on leads.origin_name is not null and contains(leads.origin_name, cities.short_name)
    left join {{ ref('int_lead__enterprise') }} as firms on leads.lead_id = firms.lead_id
    left join cities as firm_cities on firms.city_name in (firm_cities.city_name, firm_cities.short_name)
    where leads.is_before_land and leads.lost_date is null and not leads.is_forbidden
    qualify row_number() over (partition by leads.lead_id order by len(cities.short_name) desc nulls last, cities.city_name) = 1

),

prospects as (

    select
        'prospect' as target_kind,
        prospects.enterprise_key as target_key,
        null as lead_id,
        prospects.enterprise_name,
        null as project_name,
        null as unit_name,
        cities.city_name,
        prospects.fit,
        concat_ws('；', prospects.chain_name, prospects.node_name, prospects.reason_text) as reason_text,
        null as last_visit_date
    from {{ ref('brd_prospect__nodes') }} as prospects
    inner join cities on prospects.city_name in (cities.city_name, cities.short_name)
    where prospects.enterprise_name is not null
    qualify row_number() over (partition by prospects.enterprise_key order by prospects.fit desc, prospects.node_id) = 1

),

-- Firms that a trip says it visited (拜访企业).
visited as (

    select
        name_form,
        max(visit_date) as visit_date
    from (
        select
            {{ name_form('name') }} as name_form,
            visit_date
        from (
            select
                unnest({{ written_list('visited_enterprises') }}) as name,
                coalesce(end_date, start_date) as visit_date
            from {{ ref('stg_ledger__trips_events') }}
            where {{ by_the_day('coalesce(end_date, start_date)') }}
        ) as named

        union all

        select
            {{ name_form('counterparty_name') }} as name_form,
            follow_up_date as visit_date
        from {{ ref('stg_ledger__follow_ups') }}
        where method in ('见商', '出差', '考察') and {{ by_the_day('known_date') }} and counterparty_name is not null
    ) as visits
    group by name_form

),

paths as (

    select
        {{ name_form('target_name') }} as target_form,
        string_agg(path_text, '、' order by path_rank) as path_text
    from {{ ref('brd_trip__paths') }}
    where path_rank <= 3
    group by target_form

),

together as (

    select * from leads
    union all
    select * from prospects

)

select
    together.target_kind,
    together.target_key,
    together.lead_id,
    together.enterprise_name,
    together.project_name,
    together.unit_name,
    cities.province_name,
    together.city_name,
    together.fit,
    together.reason_text,
    greatest(together.last_visit_date, visited.visit_date) as last_visit_date,
    paths.path_text,
    {{ as_of_date() }} as as_of_date
from together
inner join cities on together.city_name = cities.city_name
left join visited on {{ name_form('together.enterprise_name') }} = visited.name_form
left join paths on {{ name_form('together.enterprise_name') }} = paths.target_form
where together.city_name != '{{ local_city() }}'
