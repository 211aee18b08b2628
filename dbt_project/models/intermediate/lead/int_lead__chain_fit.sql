-- Chain fit (产业链契合度) of a lead with every node that its code or text matches, all components beside the sum.
with leads as (

    select
        leads.lead_id,
        coalesce(leads.industry_code, enterprise.industry_code) as industry_code,
        concat_ws(
            chr(10), leads.project_name, leads.product_text, leads.enterprise_name, leads.industry_name,
            enterprise.business_scope
        ) as fit_text
    from {{ ref('stg_ledger__leads') }} as leads
    -- Only a firm that was registered when the lead was reported: the scope of a project company that was founded later
    -- would tell the past what became of the lead.
    left join {{ ref('int_lead__enterprise') }} as enterprise
        on leads.lead_id = enterprise.lead_id
        and coalesce(enterprise.established_date <= leads.reported_date, true)

),

by_code as (

    select
        leads.lead_id,
        prefixes.node_id,
        max(prefixes.digit_count) as matched_digits
    from leads
    inner join {{ ref('int_chain__prefixes') }} as prefixes
        on left(leads.industry_code, prefixes.digit_count) = prefixes.prefix_code
    group by leads.lead_id, prefixes.node_id

),

by_word as (

    select
        leads.lead_id,
        words.node_id,
        count(*) as matched_word_count,
        string_agg(words.word, '、' order by words.word_order) as matched_words
    from leads
    inner join {{ ref('stg_chain__words') }} as words on contains(leads.fit_text, words.word)
    group by leads.lead_id, words.node_id
    having not bool_or(words.is_exclude)

),

matched as (

    select
        coalesce(by_code.lead_id, by_word.lead_id) as lead_id,
        coalesce(by_code.node_id, by_word.node_id) as node_id,
        coalesce(by_code.matched_digits, 0) as matched_digits,
        coalesce(by_word.matched_word_count, 0) as matched_word_count,
        by_word.matched_words
    from by_code
    full outer join by_word on by_code.lead_id = by_word.lead_id and by_code.node_id = by_word.node_id

),

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
