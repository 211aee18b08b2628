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

by_code as (

    select
        firms.enterprise_key,
        prefixes.node_id,
        max(prefixes.digit_count) as matched_digits
    from ledger_firms as firms
    inner join {{ ref('int_chain__prefixes') }} as prefixes
        on left(firms.industry_code, prefixes.digit_count) = prefixes.prefix_code
    group by firms.enterprise_key, prefixes.node_id

),

by_word as (

    select
        firms.enterprise_key,
        words.node_id,
        count(*) as matched_word_count,
        string_agg(words.word, '、' order by words.word_order) as matched_words
    from ledger_firms as firms
    inner join {{ ref('stg_chain__words') }} as words on contains(firms.fit_text, words.word)
    group by firms.enterprise_key, words.node_id
    having not bool_or(words.is_exclude)

),

of_register as (

    select
        on_nodes.enterprise_key,
        enterprises.enterprise_name,
        on_nodes.node_id,
        on_nodes.matched_digits,
        on_nodes.matched_word_count,
        on_nodes.matched_words,
        coalesce(on_nodes.registered_capital_wan_cny, 0.0) as capital_wan_cny
    from {{ ref('int_enterprise__chain_nodes') }} as on_nodes
    inner join {{ ref('stg_register__enterprises') }} as enterprises on on_nodes.source_row = enterprises.source_row
    where on_nodes.is_local and not on_nodes.is_struck_off and on_nodes.name_kind is null

),

of_ledger as (

    select
        coalesce(by_code.enterprise_key, by_word.enterprise_key) as enterprise_key,
        coalesce(by_code.node_id, by_word.node_id) as node_id,
        coalesce(by_code.matched_digits, 0) as matched_digits,
        coalesce(by_word.matched_word_count, 0) as matched_word_count,
        by_word.matched_words
    from by_code
    full outer join by_word on by_code.enterprise_key = by_word.enterprise_key and by_code.node_id = by_word.node_id

),

-- Two digits alone name a whole industry (see dbt_project.yml).
matched as (

    select
        coalesce(of_ledger.enterprise_key, of_register.enterprise_key) as enterprise_key,
        coalesce(of_ledger.node_id, of_register.node_id) as node_id,
        of_register.enterprise_name as registered_name,
        of_register.capital_wan_cny,
        greatest(coalesce(of_ledger.matched_digits, 0), coalesce(of_register.matched_digits, 0)) as matched_digits,
        greatest(coalesce(of_ledger.matched_word_count, 0), coalesce(of_register.matched_word_count, 0)) as matched_word_count,
        coalesce(of_ledger.matched_words, of_register.matched_words) as matched_words
    from of_ledger
    full outer join of_register
        on of_ledger.enterprise_key = of_register.enterprise_key and of_ledger.node_id = of_register.node_id
    where greatest(coalesce(of_ledger.matched_digits, 0), coalesce(of_register.matched_digits, 0))
        >= {{ var('neighbour_min_digits') }}
        or greatest(coalesce(of_ledger.matched_word_count, 0), coalesce(of_register.matched_word_count, 0)) > 0

)

select
    matched.enterprise_key,
    matched.node_id,
    coalesce(ledger.enterprise_name, matched.registered_name) as enterprise_name,
    matched.matched_digits,
    matched.matched_word_count,
    matched.matched_words,
    ledger.uscc is not null as is_in_ledger,
    coalesce(ledger.is_chain_leader, false)
    or listed.enterprise_key is not null
    or coalesce(ledger.uscc is null and matched.capital_wan_cny >= minimum.minimum_capital_wan_cny, false) as is_leader,
    row_number() over (
        partition by matched.enterprise_key
        order by matched.matched_digits + 4 * least(matched.matched_word_count, 2) desc, nodes.node_order
    ) = 1 as is_main_node,
    ledger.output_wan_cny,
    ledger.tax_wan_cny
from matched
inner join {{ ref('stg_chain__nodes') }} as nodes on matched.node_id = nodes.node_id
left join {{ ref('stg_ledger__local_enterprises') }} as ledger on matched.enterprise_key = ledger.uscc
left join {{ source('landing', 'chain_leaders') }} as listed on matched.enterprise_key = listed.enterprise_key
left join {{ source('landing', 'chain_leaders') }} as minimum on minimum.enterprise_key is null
