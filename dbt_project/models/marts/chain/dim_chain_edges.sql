-- The links of the chains (上下游关系) with what the supply ledger knows of trade along them: a purchase counts on an edge if its supplier
-- stands on the one node and its customer on the other.
with firm_nodes as (

    select
        {{ name_form('enterprise_name') }} as name_form,
        node_id
    from {{ ref('int_enterprise__local_nodes') }}
    where is_main_node

),

links as (

    select
        {{ name_form('supplier_name') }} as supplier_form,
        {{ name_form('customer_name') }} as customer_form,
        product_text,
        yearly_amount_wan_cny,
        is_local
    from {{ ref('stg_ledger__supply_links') }}

),

-- A supplier from elsewhere stands on no node by itself: the product words say which.
placed as (

    select
        coalesce(suppliers.node_id, by_product.node_id) as from_node_id,
        customers.node_id as to_node_id,
        links.yearly_amount_wan_cny,
        links.is_local
    from links
    inner join firm_nodes as customers on links.customer_form = customers.name_form
    left join firm_nodes as suppliers on links.supplier_form = suppliers.name_form
    left join (
        select
            products.product_text,
            arg_min(words.node_id, words.word_order) as node_id
        from (select distinct product_text from links) as products
        inner join {{ ref('stg_chain__words') }} as words on contains(products.product_text, words.word)
        where not words.is_exclude
        group by products.product_text
    ) as by_product on links.product_text = by_product.product_text

),

trade as (

    select
        from_node_id,
        to_node_id,
        count(*) as link_count,
        {{ money_sum('yearly_amount_wan_cny') }} as trade_wan_cny,
        {{ money_sum('yearly_amount_wan_cny', 'is_local') }} as local_trade_wan_cny
    from placed
    group by from_node_id, to_node_id

)

select
    from_nodes.chain_id,
    edges.from_node_id,
    from_nodes.node_name as from_node_name,
    edges.to_node_id,
    to_nodes.node_name as to_node_name,
    to_nodes.chain_id as to_chain_id,
    coalesce(trade.link_count, 0) as link_count,
    trade.trade_wan_cny,
    100.0 * trade.local_trade_wan_cny / nullif(trade.trade_wan_cny, 0) as local_trade_pct
from {{ ref('stg_chain__edges') }} as edges
inner join {{ ref('stg_chain__nodes') }} as from_nodes on edges.from_node_id = from_nodes.node_id
inner join {{ ref('stg_chain__nodes') }} as to_nodes on edges.to_node_id = to_nodes.node_id
left join trade on edges.from_node_id = trade.from_node_id and edges.to_node_id = trade.to_node_id
