-- How many edges, three at most, one node lies up- or downstream of another: the shortest way counts.
with edges as (

    select
        from_node_id,
        to_node_id
    from {{ ref('stg_chain__edges') }}

),

paths as (

    select
        from_node_id,
        to_node_id,
        1 as hop_count
    from edges

    union all

    select
        edges.from_node_id,
        second.to_node_id,
        2 as hop_count
    from edges
    inner join edges as second on edges.to_node_id = second.from_node_id

    union all

    select
        edges.from_node_id,
        third.to_node_id,
        3 as hop_count
    from edges
    inner join edges as second on edges.to_node_id = second.from_node_id
    inner join edges as third on second.to_node_id = third.from_node_id

),

-- One direction is the mirror of the other: each pair is grouped once.
shortest as materialized (

    select
        paths.from_node_id,
        paths.to_node_id,
        cast(min(paths.hop_count) as bigint) as hop_count
    from paths
    inner join {{ ref('stg_chain__hops') }} as hops on paths.hop_count = hops.hop_count
    where paths.from_node_id != paths.to_node_id
    group by paths.from_node_id, paths.to_node_id

),

both_ways as (

    select
        to_node_id as node_id,
        '上游' as side_name,
        from_node_id as reached_node_id,
        hop_count
    from shortest

    union all

    select
        from_node_id as node_id,
        '下游' as side_name,
        to_node_id as reached_node_id,
        hop_count
    from shortest

)

select
    node_id,
    side_name,
    reached_node_id,
    hop_count
from both_ways
