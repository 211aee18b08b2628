-- Local firms up- and downstream of a node, each at its nearest node, with the names of three and the nearest leader (链主).
with local_firms as (

    select
        on_nodes.node_id,
        on_nodes.enterprise_key,
        on_nodes.source_row,
        coalesce(on_nodes.registered_capital_wan_cny, 0.0) as capital_wan_cny,
        listed.enterprise_key is not null
        or coalesce(on_nodes.registered_capital_wan_cny >= minimum.minimum_capital_wan_cny, false) as is_leader
    from {{ ref('int_enterprise__chain_nodes') }} as on_nodes
    left join {{ ref('stg_chain__leaders') }} as listed on on_nodes.enterprise_key = listed.enterprise_key
    left join {{ ref('stg_chain__leaders') }} as minimum on minimum.enterprise_key is null
    where on_nodes.is_local
        and not on_nodes.is_struck_off
        and on_nodes.stands_on_node

),

-- A firm that stands on several nodes of one side is one firm.
nearest as (

    select
        reach.node_id,
        reach.side_name,
        local_firms.enterprise_key,
        min(reach.hop_count) as hop_count,
        max(local_firms.capital_wan_cny) as capital_wan_cny,
        bool_or(local_firms.is_leader) as is_leader,
        min(local_firms.source_row) as source_row
    from {{ ref('int_chain__reach') }} as reach
    inner join local_firms on reach.reached_node_id = local_firms.node_id
    group by reach.node_id, reach.side_name, local_firms.enterprise_key

),

counted as (

    select
        nearest.node_id,
        nearest.side_name,
        count(*) as firm_count,
        cast(sum(hops.weight_pct) // 100 as bigint) as converted_count,
        min(nearest.hop_count) filter (where nearest.is_leader) as leader_hop
    from nearest
    inner join {{ ref('stg_chain__hops') }} as hops on nearest.hop_count = hops.hop_count
    group by nearest.node_id, nearest.side_name

),

-- Nearest first, then leaders, then the larger.
shown as (

    select
        node_id,
        side_name,
        source_row,
        is_leader,
        row_number() over (
            partition by node_id, side_name
            order by hop_count, is_leader desc, capital_wan_cny desc, enterprise_key
        ) as shown_order
    from nearest
    qualify shown_order <= 3

),

names as (

    select
        shown.node_id,
        shown.side_name,
        string_agg(
            enterprises.enterprise_name || case when shown.is_leader then '（链主）' else '' end,
            '、' order by shown.shown_order
        ) as firm_names
    from shown
    inner join {{ ref('stg_register__enterprises') }} as enterprises on shown.source_row = enterprises.source_row
    group by shown.node_id, shown.side_name

)

select
    counted.node_id,
    counted.side_name,
    counted.firm_count,
    counted.converted_count,
    counted.leader_hop,
    names.firm_names
from counted
left join names on counted.node_id = names.node_id and counted.side_name = names.side_name
