-- A node with the points that every company on it earns: gap class, key node, local neighbours.
with nodes as (

    select * from {{ ref('stg_chain__nodes') }}

),

-- Two digits alone name a whole industry: with them nearly every node would have ten neighbours (see dbt_project.yml).
local_firms as (

    select
        node_id,
        enterprise_key
    from {{ ref('int_enterprise__chain_nodes') }}
    where is_local
        and not is_struck_off
        and (matched_digits >= {{ var('neighbour_min_digits') }} or matched_word_count > 0)

),

neighbouring_nodes as (

    select
        from_node_id as node_id,
        to_node_id as neighbour_node_id
    from {{ ref('stg_chain__edges') }}

    union

    select
        to_node_id as node_id,
        from_node_id as neighbour_node_id
    from {{ ref('stg_chain__edges') }}

),

-- A firm that stands on two neighbouring nodes is one firm.
neighbours as (

    select
        neighbouring_nodes.node_id,
        count(distinct local_firms.enterprise_key) as local_neighbour_count
    from neighbouring_nodes
    inner join local_firms on neighbouring_nodes.neighbour_node_id = local_firms.node_id
    group by neighbouring_nodes.node_id

),

local_counts as (

    select
        node_id,
        count(distinct enterprise_key) as local_enterprise_count
    from local_firms
    group by node_id

),

counted as (

    select
        nodes.*,
        coalesce(local_counts.local_enterprise_count, 0) as local_enterprise_count,
        coalesce(neighbours.local_neighbour_count, 0) as local_neighbour_count
    from nodes
    left join local_counts on nodes.node_id = local_counts.node_id
    left join neighbours on nodes.node_id = neighbours.node_id

)

select
    counted.node_id,
    counted.node_name,
    counted.chain_id,
    counted.chain_name,
    counted.position_name,
    counted.gap_class,
    counted.is_key,
    counted.node_order,
    counted.local_enterprise_count,
    counted.local_neighbour_count,
    coalesce(gap.points, 0.0) as gap_class_points,
    gap.level_label as gap_class_label,
    coalesce(key_node.points, 0.0) as key_node_points,
    key_node.level_label as key_node_label,
    levels.points as local_neighbours_points,
    levels.level_label as local_neighbours_label
from counted
left join {{ ref('stg_chain__points') }} as gap
    on gap.component = 'gap_class' and counted.gap_class = gap.level_code
left join {{ ref('stg_chain__points') }} as key_node
    on key_node.component = 'key_node' and cast(counted.is_key as varchar) = key_node.level_code
left join {{ ref('int_chain__levels') }} as levels
    on levels.component = 'local_neighbours'
    and least(counted.local_neighbour_count, levels.max_reached) = levels.reached_count
