-- Firms that nobody follows yet and that would fit a node (招商对象). Names and dates are fetched only for those listed.
with followed as (

    select distinct enterprise_key from {{ ref('int_lead__enterprise') }}

),

candidates as (

    select
        matched.enterprise_key,
        matched.node_id,
        matched.matched_digits,
        matched.matched_word_count,
        matched.matched_words,
        matched.registered_capital_wan_cny,
        matched.source_row
    from {{ ref('int_enterprise__chain_nodes') }} as matched
    anti join followed on matched.enterprise_key = followed.enterprise_key
    where not matched.is_local and not matched.is_struck_off

),

{{ fit_of_matches('candidates') }},

listed as (

    select
        *,
        row_number() over (
            partition by node_id
            order by chain_fit desc, registered_capital_wan_cny desc nulls last, enterprise_key
        ) as prospect_rank
    from fitted
    qualify prospect_rank <= {{ var('prospects_per_node') }}

)

select
    listed.chain_id,
    listed.chain_name,
    listed.node_id,
    listed.node_name,
    listed.gap_class,
    listed.prospect_rank as node_rank,
    enterprises.enterprise_key,
    enterprises.enterprise_name,
    enterprises.uscc,
    enterprises.registration_no,
    enterprises.province_name,
    enterprises.city_name,
    enterprises.established_date,
    enterprises.registered_capital_wan_cny,
    enterprises.industry_code,
    enterprises.status,
    listed.chain_fit as fit,
    listed.industry_code_points,
    listed.product_word_points,
    listed.gap_class_points,
    listed.key_node_points,
    listed.local_suppliers_points,
    listed.local_customers_points,
    listed.local_leader_points,
    listed.matched_words,
    listed.fit_confidence,
    concat_ws(
        '；',
        listed.gap_class_label,
        listed.key_node_label,
        '命中产品词：' || listed.matched_words,
        listed.industry_code_label,
        listed.local_customers_label,
        listed.local_suppliers_label,
        listed.local_leader_label,
        case when listed.matched_digits < 2 then '仅凭产品词，行业代码未核实' end
    ) as reason_text,
    {{ as_of_date() }} as as_of_date
from listed
-- The key of a row of the register is its place: a join on numbers, and only on those that are listed.
inner join {{ ref('stg_register__enterprises') }} as enterprises on listed.source_row = enterprises.source_row
