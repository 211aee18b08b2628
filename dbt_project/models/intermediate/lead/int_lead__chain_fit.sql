-- Chain fit (产业链契合度) of a lead with every node that its code or text matches, all components beside the sum.
with registered as (

    -- Only a firm that was registered when the lead was reported: the scope of a project company that was founded later
    -- would tell the past what became of the lead. Asked before the outer join, which would else compare every lead with
    -- every firm.
    select
        enterprise.lead_id,
        enterprise.industry_code,
        enterprise.business_scope
    from {{ ref('int_lead__enterprise') }} as enterprise
    inner join {{ ref('stg_ledger__leads') }} as leads on enterprise.lead_id = leads.lead_id
    where coalesce(enterprise.established_date <= leads.reported_date, true)

),

leads as (

    select
        leads.lead_id,
        coalesce(leads.industry_code, enterprise.industry_code) as industry_code,
        concat_ws(
            chr(10), leads.project_name, leads.product_text, leads.enterprise_name, leads.industry_name,
            enterprise.business_scope
        ) as fit_text
    from {{ ref('stg_ledger__leads') }} as leads
    left join registered as enterprise on leads.lead_id = enterprise.lead_id

),

{{ nodes_of('leads', 'lead_id') }},

{{ fit_of_matches('matched') }}

select
    lead_id,
    node_id,
    node_name,
    chain_id,
    chain_name,
    gap_class,
    is_key,
    node_order,
    matched_digits,
    matched_word_count,
    matched_words,
    local_supplier_count,
    local_customer_count,
    leader_hop,
    {{ fit_columns() }},
    node_value_points,
    chain_fit,
    fit_confidence,
    concat_ws(
        '；',
        gap_class_label,
        key_node_label,
        local_customers_label,
        local_suppliers_label,
        local_leader_label,
        '把握程度' || fit_confidence
    ) as fit_evidence_text,
    row_number() over (partition by lead_id order by chain_fit desc, node_order, node_id) as node_rank
from fitted
