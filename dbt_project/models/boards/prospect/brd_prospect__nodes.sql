-- Firms that nobody follows yet and that would fit a node (招商对象): the candidates that nothing speaks against. Nothing 禁止 gets in here.
with listed as (

    select
        *,
        row_number() over (partition by node_id order by candidate_rank) as node_rank
    from {{ ref('brd_prospect__candidates') }}
    where excluded_reason is null and screen_result != '禁止'
    qualify node_rank <= {{ var('prospects_per_node') }}

)

select
    chain_id,
    chain_name,
    node_id,
    node_name,
    gap_class,
    node_rank,
    enterprise_key,
    enterprise_name,
    uscc,
    registration_no,
    province_name,
    city_name,
    established_date,
    age_years,
    registered_capital_wan_cny,
    employee_count,
    industry_code,
    status,
    fit,
    industry_code_points,
    product_word_points,
    gap_class_points,
    key_node_points,
    local_suppliers_points,
    local_customers_points,
    local_leader_points,
    matched_words,
    fit_confidence,
    growth_date,
    growth_age_days,
    growth_text,
    list_text,
    group_name,
    tie_text,
    headquarters_kind,
    need_text,
    screen_result,
    screen_text,
    reason_text,
    as_of_date
from listed
