-- Cluster index per chain (集群指数): completeness, firms, output and tax, each up to its full mark. The same arithmetic as
-- models.chain.cluster_index; tests/dbt compares them. A part nobody reported earns nothing and is named as unknown.
with {{ rules_row([
    'firms_full', 'output_full_wan_cny', 'tax_full_wan_cny',
    'completeness_weight', 'firms_weight', 'output_weight', 'tax_weight',
]) }},

firms as (

    select
        nodes.chain_id,
        count(distinct firms.enterprise_key) as enterprise_count,
        {{ money_sum('firms.output_wan_cny', 'firms.is_main_node') }} as output_wan_cny,
        {{ money_sum('firms.tax_wan_cny', 'firms.is_main_node') }} as tax_wan_cny
    from {{ ref('int_enterprise__local_nodes') }} as firms
    inner join {{ ref('stg_chain__nodes') }} as nodes on firms.node_id = nodes.node_id
    group by nodes.chain_id

),

nodes as (

    select
        chain_id,
        min(chain_name) as chain_name,
        min(node_order) as chain_order,
        count(*) as node_count,
        count(*) filter (where local_enterprise_count > 0) as covered_node_count
    from {{ ref('dim_chain_nodes') }}
    group by chain_id

),

-- Without a register and without 本地企业 nobody is known to be here or not: 暂无, not 0.
known as (

    select {{ is_kept('local_enterprises') }} or exists(from {{ ref('stg_register__landed_rows') }}) as is_known

),

parts as (

    select
        nodes.* exclude (covered_node_count),
        case when known.is_known then nodes.covered_node_count end as covered_node_count,
        case when known.is_known then coalesce(firms.enterprise_count, 0) end as enterprise_count,
        firms.output_wan_cny,
        firms.tax_wan_cny,
        case when known.is_known then 100.0 * nodes.covered_node_count / nodes.node_count end as completeness_pct,
        case when known.is_known then rules.completeness_weight * nodes.covered_node_count / nodes.node_count end
            as completeness_points,
        case when known.is_known
            then rules.firms_weight * least(coalesce(firms.enterprise_count, 0) / rules.firms_full, 1.0)
        end as firms_points,
        rules.output_weight * least(coalesce(firms.output_wan_cny, 0.0) / rules.output_full_wan_cny, 1.0) as output_points,
        rules.tax_weight * least(coalesce(firms.tax_wan_cny, 0.0) / rules.tax_full_wan_cny, 1.0) as tax_points
    from nodes
    cross join rules
    cross join known
    left join firms on nodes.chain_id = firms.chain_id

)

select
    chain_id,
    chain_name,
    chain_order,
    node_count,
    covered_node_count,
    completeness_pct,
    enterprise_count,
    output_wan_cny,
    tax_wan_cny,
    completeness_points,
    firms_points,
    output_points,
    tax_points,
    completeness_points + firms_points + output_points + tax_points as cluster_index,
    '完整度' || coalesce(cast(round(completeness_points, 1) as varchar), '暂无')
    || '＋企业数' || coalesce(cast(round(firms_points, 1) as varchar), '暂无')
    || '＋产值' || coalesce(cast(round(case when output_wan_cny is not null then output_points end, 1) as varchar), '暂无')
    || '＋税收' || coalesce(cast(round(case when tax_wan_cny is not null then tax_points end, 1) as varchar), '暂无')
        as index_text
from parts
