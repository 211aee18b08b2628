-- Local firms and the nodes that they stand on, of the ledger (本地企业) and of the register, each once. A firm's output counts on its
-- main node alone, the one that fits best, so that sums over nodes are sums over firms.
with ledger_firms as (

    select
        uscc as enterprise_key,
        enterprise_name,
        industry_code,
        concat_ws(chr(10), enterprise_name, products) as fit_text
    from {{ ref('stg_ledger__local_enterprises') }}

),

{{ nodes_of('ledger_firms', 'enterprise_key') }},

of_register as (

    select
        on_nodes.enterprise_key,
        enterprises.enterprise_name,
        on_nodes.node_id,
        on_nodes.matched_digits,
        on_nodes.stands_on_node,
        on_nodes.matched_word_count,
        on_nodes.matched_words,
        coalesce(on_nodes.registered_capital_wan_cny, 0.0) as capital_wan_cny
    from {{ ref('int_enterprise__chain_nodes') }} as on_nodes
    inner join {{ ref('stg_register__enterprises') }} as enterprises on on_nodes.source_row = enterprises.source_row
    where on_nodes.is_local and not on_nodes.is_struck_off and on_nodes.name_kind is null

),

together as (

    select
        coalesce(matched.enterprise_key, of_register.enterprise_key) as enterprise_key,
        coalesce(matched.node_id, of_register.node_id) as node_id,
        of_register.enterprise_name as registered_name,
        of_register.capital_wan_cny,
        greatest(coalesce(matched.matched_digits, 0), coalesce(of_register.matched_digits, 0)) as matched_digits,
        greatest(coalesce(matched.matched_word_count, 0), coalesce(of_register.matched_word_count, 0)) as matched_word_count,
        coalesce(matched.matched_words, of_register.matched_words) as matched_words
    from matched
    full outer join of_register
        on matched.enterprise_key = of_register.enterprise_key and matched.node_id = of_register.node_id
    where coalesce(matched.is_whole_code or matched.matched_word_count > 0, false) or coalesce(of_register.stands_on_node, false)

)

select
    together.enterprise_key,
    together.node_id,
    coalesce(ledger.enterprise_name, together.registered_name) as enterprise_name,
    together.matched_digits,
    together.matched_word_count,
    together.matched_words,
    ledger.uscc is not null as is_in_ledger,
    coalesce(ledger.is_chain_leader, false)
    or listed.enterprise_key is not null
    or coalesce(ledger.uscc is null and together.capital_wan_cny >= minimum.minimum_capital_wan_cny, false) as is_leader,
    row_number() over (
        partition by together.enterprise_key
        order by together.matched_digits + 4 * least(together.matched_word_count, 2) desc, nodes.node_order
    ) = 1 as is_main_node,
    ledger.output_wan_cny,
    ledger.tax_wan_cny
from together
inner join {{ ref('stg_chain__nodes') }} as nodes on together.node_id = nodes.node_id
left join {{ ref('stg_ledger__local_enterprises') }} as ledger on together.enterprise_key = ledger.uscc
left join {{ ref('stg_chain__leaders') }} as listed on together.enterprise_key = listed.enterprise_key
left join {{ ref('stg_chain__leaders') }} as minimum on minimum.enterprise_key is null
