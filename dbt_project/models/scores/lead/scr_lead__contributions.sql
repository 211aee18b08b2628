-- Reasons of every current lead (逐项理由): what the learned tables add and what the rules of chain fit add. The score of a lead
-- is the sum of its rows to the last digit.
with best_fit as (

    select fit.*
    from {{ ref('int_lead__chain_fit') }} as fit
    inner join {{ ref('ftr_lead__12m') }} as leads
        on fit.lead_id = leads.lead_id
        and leads.is_current
    where fit.node_rank = 1

),

fit_parts as (

    select
        lead_id,
        unnest([
            {
                'term': 'industry_code', 'value_text': cast(matched_digits as varchar),
                'contribution': industry_code_points, 'level_label': industry_code_label
            },
            {
                'term': 'product_word', 'value_text': matched_words,
                'contribution': product_word_points, 'level_label': product_word_label
            },
            {
                'term': 'gap_class', 'value_text': gap_class,
                'contribution': gap_class_points, 'level_label': gap_class_label
            },
            {
                'term': 'key_node', 'value_text': cast(is_key as varchar),
                'contribution': key_node_points, 'level_label': key_node_label
            },
            {
                'term': 'local_suppliers', 'value_text': cast(local_supplier_count as varchar),
                'contribution': local_suppliers_points, 'level_label': local_suppliers_label
            },
            {
                'term': 'local_customers', 'value_text': cast(local_customer_count as varchar),
                'contribution': local_customers_points, 'level_label': local_customers_label
            },
            {
                'term': 'local_leader', 'value_text': cast(leader_hop as varchar),
                'contribution': local_leader_points, 'level_label': local_leader_label
            }
        ], recursive := true)
    from best_fit

)

select
    lead_id,
    part,
    term,
    feature,
    value_text,
    contribution,
    cast(null as varchar) as level_label
from {{ ref('scr_lead__learned_terms') }}
where is_current

union all

select
    lead_id,
    'fit' as part,
    term,
    term as feature,
    value_text,
    contribution,
    level_label
from fit_parts
