with leads as (

    select
        leads.*,
        units.unit_name
    from {{ ref('stg_ledger__leads') }} as leads
    inner join {{ ref('int_lead__units') }} as units on leads.lead_id = units.lead_id
    where units.unit_name is not null

),

moves as (

    select
        lead_id,
        arg_max(stage, stage_order) as stage,
        max(stage_order) as stage_order,
        arg_max(first_moved_date, stage_order) as stage_date,
        max(last_known_date) as last_move_known_date
    from (
        select
            lead_id,
            stage,
            stage_order,
            min(moved_date) as first_moved_date,
            max(known_date) as last_known_date
        from {{ ref('fct_stage_moves') }}
        where has_required_evidence
        group by lead_id, stage, stage_order
    ) as first_moves
    group by lead_id

),

follow_ups as (

    select
        lead_id,
        count(*) as follow_up_count,
        max(follow_up_date) as last_follow_up_date
    from {{ ref('fct_follow_ups') }}
    group by lead_id

),

best_fit as (

    select * from {{ ref('int_lead__chain_fit') }} where node_rank = 1

),

started as (

    select min(stage_order) as started_order from {{ source('office', 'stage_rules') }} where stage = '开工'

)

select
    leads.lead_id,
    leads.project_name,
    leads.enterprise_name,
    coalesce(leads.uscc, enterprise.uscc) as uscc,
    enterprise.enterprise_key,
    enterprise.match_by,
    leads.unit_name,
    leads.reported_date,
    leads.reported_date_precision,
    coalesce(moves.stage, '线索') as stage,
    moves.stage_date,
    coalesce(moves.stage_order < started.started_order, true) as is_open,
    {{ count_told('follow_ups.follow_up_count', 'follow_ups') }} as follow_up_count,
    follow_ups.last_follow_up_date,
    leads.investment_wan_cny,
    leads.fixed_investment_wan_cny,
    leads.is_foreign,
    leads.origin_name,
    leads.industry_code,
    leads.industry_name,
    sections.industry_section,
    leads.product_text,
    leads.lead_source,
    leads.land_mu,
    leads.expected_output_wan_cny,
    leads.promised_tax_wan_cny,
    enterprise.established_date,
    enterprise.registered_capital_wan_cny,
    best_fit.chain_id,
    best_fit.chain_name,
    best_fit.node_id,
    best_fit.node_name,
    best_fit.gap_class,
    best_fit.fit_confidence,
    coalesce(best_fit.chain_fit, 0.0) as chain_fit
from leads
cross join started
left join moves on leads.lead_id = moves.lead_id
left join follow_ups on leads.lead_id = follow_ups.lead_id
left join {{ ref('int_lead__enterprise') }} as enterprise on leads.lead_id = enterprise.lead_id
left join best_fit on leads.lead_id = best_fit.lead_id
left join {{ ref('industry_sections') }} as sections on leads.division_code = sections.division_code
