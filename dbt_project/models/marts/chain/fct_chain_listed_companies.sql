-- Listed companies on the nodes by their main products (上市公司产业链图谱). Weights are shares of the company's products, clipped
-- when the graph was read.
with hits as (

    select
        words.node_id,
        listed.company_code,
        listed.company_name,
        listed.full_name,
        listed.exchange_name,
        listed.listed_date,
        listed.product_name,
        listed.weight,
        words.word
    from {{ ref('stg_chain__listed') }} as listed
    inner join {{ ref('stg_chain__words') }} as words on contains(listed.product_name, words.word)
    where not words.is_exclude

)

select
    nodes.chain_id,
    hits.node_id,
    nodes.node_name,
    nodes.gap_class,
    hits.company_code,
    min(hits.company_name) as company_name,
    min(hits.full_name) as full_name,
    min(hits.exchange_name) as exchange_name,
    min(hits.listed_date) as listed_date,
    count(distinct hits.product_name) as product_count,
    string_agg(distinct hits.product_name, '、' order by hits.product_name) as product_names,
    max(hits.weight) as largest_weight,
    named.enterprise_key
from hits
inner join {{ ref('stg_chain__nodes') }} as nodes on hits.node_id = nodes.node_id
left join {{ ref('int_enterprise__named') }} as named on {{ name_form('hits.full_name') }} = named.name_form
group by nodes.chain_id, hits.node_id, nodes.node_name, nodes.gap_class, hits.company_code, named.enterprise_key
