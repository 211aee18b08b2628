-- A lead as it stood on the day (截至日的线索): stage by evidence known then, what it needs, who talked to whom.
with leads as (

    select
        leads.*,
        units.unit_name
    from {{ ref('stg_ledger__leads') }} as leads
    inner join {{ ref('int_lead__units') }} as units on leads.lead_id = units.lead_id
    where units.unit_name is not null and {{ reported_by('leads.reported_date') }}

),

contacts as (

    select
        lead_id,
        count(*) as follow_up_count,
        min(follow_up_date) as first_contact_date,
        max(follow_up_date) as last_follow_up_date,
        max(follow_up_date) filter (where is_in_person) as last_in_person_date
    from {{ ref('fct_follow_ups') }}
    where {{ by_the_day('known_date') }}
    group by lead_id

),

best_fit as (

    select * from {{ ref('int_lead__chain_fit') }} where node_rank = 1

),

-- The department that leads a chain (产业牵头部门); of several the first by name.
chain_units as (

    select
        chain_name,
        min(unit_name) as chain_unit_name
    from {{ ref('stg_ledger__units') }}
    where chain_name is not null and coalesce(is_lead_department, true)
    group by chain_name

)

select
    leads.lead_id,
    leads.project_name,
    leads.enterprise_name,
    leads.uscc,
    coalesce(identities.enterprise_id, leads.lead_id) as enterprise_id,
    leads.unit_name,
    leads.reported_date,
    leads.lead_source,
    case when courses.is_ended then '终止' else coalesce(courses.stage, '线索') end as stage,
    case when courses.is_ended then {{ stage_rank('终止') }} else coalesce(courses.stage_order, 1) end as stage_order,
    coalesce(courses.is_open, true) as is_open,
    not coalesce(courses.is_ended, false) and not {{ reached('供地', 'coalesce(courses.stage_order, 1)') }} as is_before_land,
    courses.signed_date,
    courses.started_date,
    courses.in_operation_date,
    courses.ended_date as lost_date,
    not coalesce(courses.is_ended, false) and {{ reached('签约', 'coalesce(courses.stage_order, 1)') }} as is_in_follow_up,
    contacts.first_contact_date,
    contacts.last_follow_up_date,
    contacts.last_in_person_date,
    {{ count_told('contacts.follow_up_count', 'follow_ups') }} as follow_up_count,
    leads.investment_wan_cny,
    leads.fixed_investment_wan_cny,
    leads.land_mu,
    leads.plant_area_mu,
    leads.storey_height_m,
    leads.floor_load_t,
    leads.power_kva,
    leads.water_tpd,
    leads.gas_m3ph,
    leads.steam_tph,
    leads.sewage_tpd,
    leads.energy_tce,
    leads.expected_output_wan_cny,
    leads.promised_tax_wan_cny,
    coalesce(
        leads.investment_intensity_wan_cny_per_mu,
        coalesce(leads.fixed_investment_wan_cny, leads.investment_wan_cny) / nullif(leads.land_mu, 0)
    ) as intensity_wan_cny_per_mu,
    coalesce(leads.tax_intensity_wan_cny_per_mu, leads.promised_tax_wan_cny / nullif(leads.land_mu, 0))
        as tax_wan_cny_per_mu,
    coalesce(best_fit.chain_name, leads.chain_name) as chain_name,
    chain_units.chain_unit_name,
    best_fit.node_name,
    best_fit.chain_fit,
    leads.industry_name,
    leads.product_text,
    leads.origin_name,
    leads.is_foreign,
    leads.park_name,
    leads.outside_park_reason,
    leads.key_level,
    leads.growth_tags,
    leads.headquarters_kind,
    leads.financing_need_wan_cny,
    leads.fund_name,
    leads.titles,
    leads.patent_count,
    leads.research_wan_cny,
    leads.introduced_by,
    leads.agency_name,
    leads.agency_contract_no,
    leads.recruiter_no,
    leads.event_id,
    leads.promise_text,
    leads.is_two_high,
    coalesce(screens.screen_result = '禁止', false) as is_forbidden,
    leads.source_file,
    leads.source_sheet,
    leads.source_row,
    {{ as_of_date() }} as as_of_date
from leads
left join {{ ref('brd_lead__courses') }} as courses on leads.lead_id = courses.lead_id
left join contacts on leads.lead_id = contacts.lead_id
left join best_fit on leads.lead_id = best_fit.lead_id
left join chain_units on coalesce(best_fit.chain_name, leads.chain_name) = chain_units.chain_name
left join {{ ref('brd_lead__screens') }} as screens on leads.lead_id = screens.lead_id
left join {{ ref('stg_identity__leads') }} as identities on leads.lead_id = identities.lead_id
