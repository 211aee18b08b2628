-- Whom to look for around a local leader (链主配套): its named suppliers and customers from elsewhere (供需台账), and the first prospects of the
-- nodes one edge up and down.
{% set day = as_of_date() %}
with leaders as (

    select
        firms.enterprise_key,
        firms.enterprise_name,
        {{ name_form('firms.enterprise_name') }} as name_form,
        firms.node_id,
        nodes.node_name,
        nodes.chain_id
    from {{ ref('int_enterprise__local_nodes') }} as firms
    inner join {{ ref('stg_chain__nodes') }} as nodes on firms.node_id = nodes.node_id
    where firms.is_leader and firms.is_main_node

),

named_partners as (

    select
        leaders.enterprise_key as leader_key,
        '供应商' as side_name,
        links.supplier_name as target_name,
        min(links.product_text) as product_text,
        {{ money_sum('links.yearly_amount_wan_cny') }} as yearly_amount_wan_cny
    from leaders
    inner join {{ ref('stg_ledger__supply_links') }} as links on leaders.name_form = {{ name_form('links.customer_name') }}
    where not coalesce(links.is_local, false) and coalesce({{ by_the_day('links.as_of_date') }}, true)
    group by leaders.enterprise_key, links.supplier_name

    union all

    select
        leaders.enterprise_key,
        '客户',
        links.customer_name,
        min(links.product_text),
        {{ money_sum('links.yearly_amount_wan_cny') }}
    from leaders
    inner join {{ ref('stg_ledger__supply_links') }} as links on leaders.name_form = {{ name_form('links.supplier_name') }}
    where not coalesce(links.is_local, false) and coalesce({{ by_the_day('links.as_of_date') }}, true)
    group by leaders.enterprise_key, links.customer_name

),

by_ledger as (

    select
        partners.leader_key,
        partners.side_name,
        partners.target_name,
        named.enterprise_key as target_key,
        cast(null as varchar) as target_node_name,
        partners.yearly_amount_wan_cny,
        '供需台账' as found_by,
        '链主' || case partners.side_name when '供应商' then '采购' else '销售' end || partners.product_text
        || coalesce('，年' || cast(cast(partners.yearly_amount_wan_cny as bigint) as varchar) || '万元', '，金额暂无') as reason_text
    from named_partners as partners
    left join {{ ref('int_enterprise__named') }} as named on {{ name_form('partners.target_name') }} = named.name_form
    left join {{ ref('brd_screen__enterprises') }} as screens on {{ name_form('partners.target_name') }} = screens.name_form
    where not coalesce(named.is_local_in_register, false) and coalesce(screens.screen_result, '') != '禁止'

),

by_node as (

    select
        leaders.enterprise_key as leader_key,
        case reach.side_name when '上游' then '供应商' else '客户' end as side_name,
        prospects.enterprise_name as target_name,
        prospects.enterprise_key as target_key,
        prospects.node_name as target_node_name,
        cast(null as double) as yearly_amount_wan_cny,
        '名录' as found_by,
        prospects.gap_class || '链环节“' || prospects.node_name || '”第' || prospects.node_rank || '位，'
        || coalesce('命中产品词：' || prospects.matched_words, '行业代码相符') as reason_text
    from leaders
    inner join {{ ref('int_chain__reach') }} as reach on leaders.node_id = reach.node_id and reach.hop_count = 1
    inner join {{ ref('brd_prospect__nodes') }} as prospects on reach.reached_node_id = prospects.node_id
    where prospects.node_rank <= 5

),

targets as (

    select * from by_ledger
    union all
    select * from by_node

)

select
    leaders.chain_id,
    leaders.node_name as leader_node_name,
    leaders.enterprise_key as leader_key,
    leaders.enterprise_name as leader_name,
    targets.side_name,
    targets.target_name,
    targets.target_key,
    targets.target_node_name,
    targets.yearly_amount_wan_cny,
    targets.found_by,
    targets.reason_text,
    {{ day }} as as_of_date
from targets
inner join leaders on targets.leader_key = leaders.enterprise_key
-- Found twice (a named supplier that is a prospect too): the named one says more.
qualify row_number() over (
    partition by targets.leader_key, targets.side_name, targets.target_name
    order by targets.found_by = '供需台账' desc, targets.target_node_name
) = 1
