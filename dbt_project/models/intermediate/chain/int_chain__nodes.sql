-- A node with the points that every company on it earns: gap class, key node, local neighbours.
with nodes as (

    select * from {{ ref('stg_chain__nodes') }}

),

local_counts as (

    select
        node_id,
        count(distinct enterprise_key) as local_enterprise_count
    from {{ ref('int_enterprise__chain_nodes') }}
    where is_local
        and not is_struck_off
        and stands_on_node
    group by node_id

),

counted as (

    select
        nodes.*,
        coalesce(local_counts.local_enterprise_count, 0) as local_enterprise_count,
        coalesce(suppliers.firm_count, 0) as local_supplier_count,
        coalesce(customers.firm_count, 0) as local_customer_count,
        coalesce(suppliers.converted_count, 0) as converted_supplier_count,
        coalesce(customers.converted_count, 0) as converted_customer_count,
        suppliers.firm_names as supplier_names,
        customers.firm_names as customer_names,
        least(suppliers.leader_hop, customers.leader_hop) as leader_hop
    from nodes
    left join local_counts on nodes.node_id = local_counts.node_id
    left join {{ ref('int_chain__local_sides') }} as suppliers
        on nodes.node_id = suppliers.node_id and suppliers.side_name = '上游'
    left join {{ ref('int_chain__local_sides') }} as customers
        on nodes.node_id = customers.node_id and customers.side_name = '下游'

)

select
    counted.node_id,
    counted.node_name,
    counted.chain_id,
    counted.chain_name,
    counted.position_name,
    counted.gap_class,
    counted.is_key,
    counted.gap_reason,
    counted.source_text,
    counted.node_order,
    counted.local_enterprise_count,
    counted.local_supplier_count,
    counted.local_customer_count,
    counted.leader_hop,
    coalesce(gap.points, 0.0) as gap_class_points,
    gap.level_label || '：' || counted.node_name as gap_class_label,
    coalesce(key_node.points, 0.0) as key_node_points,
    key_node.level_label as key_node_label,
    supplier_level.points as local_suppliers_points,
    '上游本地企业' || counted.local_supplier_count || '家：' || counted.supplier_names as local_suppliers_label,
    customer_level.points as local_customers_points,
    '下游本地企业' || counted.local_customer_count || '家：' || counted.customer_names as local_customers_label,
    leader_level.points as local_leader_points,
    leader_level.level_label as local_leader_label,
    coalesce(gap.points, 0.0) + coalesce(key_node.points, 0.0) + supplier_level.points + customer_level.points
    + leader_level.points as node_value_points
from counted
left join {{ ref('stg_chain__points') }} as gap
    on gap.component = 'gap_class' and counted.gap_class = gap.level_code
left join {{ ref('stg_chain__points') }} as key_node
    on key_node.component = 'key_node' and cast(counted.is_key as varchar) = key_node.level_code
left join {{ ref('int_chain__levels') }} as supplier_level
    on supplier_level.component = 'local_suppliers'
    and least(counted.converted_supplier_count, supplier_level.max_reached) = supplier_level.reached_count
left join {{ ref('int_chain__levels') }} as customer_level
    on customer_level.component = 'local_customers'
    and least(counted.converted_customer_count, customer_level.max_reached) = customer_level.reached_count
left join {{ ref('int_chain__levels') }} as leader_level
    on leader_level.component = 'local_leader'
    and least(coalesce(4 - counted.leader_hop, 0), leader_level.max_reached) = leader_level.reached_count
