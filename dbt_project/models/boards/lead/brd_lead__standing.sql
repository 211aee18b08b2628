-- A lead as it stood before the day (截至日的线索): stage by evidence known then, what it needs, who talked to whom.
with leads as (

    select
        leads.*,
        units.unit_name
    from {{ ref('stg_ledger__leads') }} as leads
    inner join {{ ref('int_lead__units') }} as units on leads.lead_id = units.lead_id
    where units.unit_name is not null and {{ reported_before('leads.reported_date', as_of_date()) }}

),

first_moves as (

    select
        lead_id,
        stage,
        stage_order,
        min(moved_date) as reached_date
    from {{ ref('fct_stage_moves') }}
    where has_required_evidence and known_date < {{ as_of_date() }}
    group by lead_id, stage, stage_order

),

stages as (

    select
        max(stage_order) filter (where stage = '签约') as signed_order,
        max(stage_order) filter (where stage = '供地') as land_order,
        max(stage_order) filter (where stage = '开工') as started_order,
        max(stage_order) filter (where stage = '投产') as operation_order,
        max(stage_order) filter (where stage = '终止') as lost_order
    from {{ source('office', 'stage_rules') }}

),

-- A stage that was skipped counts as passed (跳过的阶段按已越过计).
moves as (

    select
        first_moves.lead_id,
        arg_max(first_moves.stage, first_moves.stage_order) as stage,
        max(first_moves.stage_order) as stage_order,
        min(first_moves.reached_date) filter (
            where first_moves.stage_order >= stages.signed_order and first_moves.stage_order < stages.lost_order
        ) as signed_date,
        min(first_moves.reached_date) filter (
            where first_moves.stage_order >= stages.started_order and first_moves.stage_order < stages.lost_order
        ) as started_date,
        min(first_moves.reached_date) filter (
            where first_moves.stage_order >= stages.operation_order and first_moves.stage_order < stages.lost_order
        ) as in_operation_date,
        min(first_moves.reached_date) filter (where first_moves.stage_order = stages.lost_order) as lost_date
    from first_moves
    cross join stages
    group by first_moves.lead_id

),

contacts as (

    select
        lead_id,
        count(*) as follow_up_count,
        min(follow_up_date) as first_contact_date,
        max(follow_up_date) as last_follow_up_date,
        max(follow_up_date) filter (where is_in_person) as last_in_person_date
    from {{ ref('fct_follow_ups') }}
    where known_date < {{ as_of_date() }}
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
    coalesce(moves.stage, '线索') as stage,
    coalesce(moves.stage_order, 1) as stage_order,
    coalesce(moves.stage_order, 1) < stages.started_order as is_open,
    coalesce(moves.stage_order, 1) < stages.land_order as is_before_land,
    moves.signed_date,
    moves.started_date,
    moves.in_operation_date,
    moves.lost_date,
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
cross join stages
left join moves on leads.lead_id = moves.lead_id
left join contacts on leads.lead_id = contacts.lead_id
left join best_fit on leads.lead_id = best_fit.lead_id
left join chain_units on coalesce(best_fit.chain_name, leads.chain_name) = chain_units.chain_name
left join {{ ref('brd_lead__screens') }} as screens on leads.lead_id = screens.lead_id
left join {{ ref('stg_identity__leads') }} as identities on leads.lead_id = identities.lead_id
