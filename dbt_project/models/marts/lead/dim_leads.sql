with leads as (

    select
        leads.*,
        units.unit_name
    from {{ ref('stg_ledger__leads') }} as leads
    inner join {{ ref('int_lead__units') }} as units on leads.lead_id = units.lead_id
    where units.unit_name is not null

),

moves as (

    select * from {{ ref('fct_stage_moves') }} where has_required_evidence

),

{{ lead_courses('moves') }},

follow_ups as (

    select
        lead_id,
        count(*) as follow_up_count,
        max(follow_up_date) as last_follow_up_date
    from {{ ref('fct_follow_ups') }}
    group by lead_id

),

-- What the lead's amounts are marked with while they wait for a yes (待确认) or nobody answered.
held as (

    select
        lead_id,
        string_agg(
            column_title || ' ' || printf('%.10g', held_value) || ' ' || measure || '待确认，'
            || coalesce('现按 ' || printf('%.10g', counted_value) || ' ' || measure || '计', '未计入'),
            '；'
            order by column_title, question_id
        ) as held_text
    from {{ ref('fct_held_values') }}
    where is_question_open and lead_id is not null
    group by lead_id

),

best_fit as (

    select * from {{ ref('int_lead__chain_fit') }} where node_rank = 1

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
    case when courses.is_ended then '终止' else coalesce(courses.stage, '线索') end as stage,
    coalesce(courses.ended_date, courses.stage_date) as stage_date,
    coalesce(courses.is_open, true) as is_open,
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
    coalesce(best_fit.chain_fit, 0.0) as chain_fit,
    held.held_text
from leads
left join courses on leads.lead_id = courses.lead_id
left join follow_ups on leads.lead_id = follow_ups.lead_id
left join {{ ref('int_lead__enterprise') }} as enterprise on leads.lead_id = enterprise.lead_id
left join held on leads.lead_id = held.lead_id
left join best_fit on leads.lead_id = best_fit.lead_id
left join {{ ref('industry_sections') }} as sections on leads.division_code = sections.division_code
