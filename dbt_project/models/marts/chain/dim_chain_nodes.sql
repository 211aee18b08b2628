-- The gap map (强补延): each node with its figures, the office's class beside the class that the rule gives, and the rule in words.
-- "Missing" is not "zero": a share is null where no local firm told its output.
with {{ rules_row(['strong_min_firms', 'strong_min_output_share_pct', 'saturated_min_firms', 'saturated_min_output_share_pct']) }},

local_firms as (

    select
        node_id,
        count(*) as local_enterprise_count,
        {{ money_sum('output_wan_cny', 'is_main_node') }} as output_wan_cny,
        {{ money_sum('tax_wan_cny', 'is_main_node') }} as tax_wan_cny,
        count(output_wan_cny) filter (where is_main_node) as output_known_count,
        string_agg(enterprise_name, '、' order by is_leader desc, output_wan_cny desc nulls last, enterprise_key)
            filter (where is_leader) as leader_names
    from {{ ref('int_enterprise__local_nodes') }}
    group by node_id

),

shown as (

    select
        node_id,
        string_agg(enterprise_name, '、' order by place) as local_names
    from (
        select
            node_id,
            enterprise_name,
            row_number() over (
                partition by node_id order by is_leader desc, output_wan_cny desc nulls last, enterprise_key
            ) as place
        from {{ ref('int_enterprise__local_nodes') }}
    ) as placed
    where place <= 3
    group by node_id

),

-- Local firms whose code alone fits: what they make is not told, so they stand nowhere. Of the register and of the ledger, each once.
only_coded as (

    select
        on_nodes.node_id,
        count(distinct on_nodes.enterprise_key) as code_only_count
    from {{ ref('int_enterprise__chain_nodes') }} as on_nodes
    anti join {{ ref('int_enterprise__local_nodes') }} as standing
        on on_nodes.node_id = standing.node_id and on_nodes.enterprise_key = standing.enterprise_key
    where on_nodes.is_local
        and not on_nodes.is_struck_off
        and on_nodes.name_kind is null
        and on_nodes.matched_digits >= {{ var('neighbour_min_digits') }}
    group by on_nodes.node_id

),

outside as (

    select
        node_id,
        count(*) filter (where name_kind is null) as target_enterprise_count,
        count(*) filter (where name_kind is not null) as set_aside_count
    from {{ ref('int_enterprise__chain_nodes') }}
    where not is_local and not is_struck_off
    group by node_id

),

codes as (

    select
        node_id,
        string_agg(industry_code, '、' order by industry_code) as codes_text
    from {{ ref('stg_chain__codes') }}
    group by node_id

),

words as (

    select
        node_id,
        string_agg(word, '、' order by word_order) as words_text
    from {{ ref('stg_chain__words') }}
    where not is_exclude
    group by node_id

),

ways as (

    select
        sides.node_id,
        string_agg(names.node_name, '、' order by names.node_order) filter (where sides.side_name = '上游') as supplier_nodes,
        string_agg(names.node_name, '、' order by names.node_order) filter (where sides.side_name = '下游') as customer_nodes
    from {{ ref('int_chain__reach') }} as sides
    inner join {{ ref('stg_chain__nodes') }} as names on sides.reached_node_id = names.node_id
    where sides.hop_count = 1
    group by sides.node_id

),

needs as (

    select
        nodes.node_id,
        count(*) as need_count
    from {{ ref('stg_ledger__chain_needs') }} as needs
    inner join {{ ref('stg_chain__nodes') }} as nodes
        on needs.node_id = nodes.node_id
        or (needs.node_id is null and needs.node_name = nodes.node_name and needs.chain_name = nodes.chain_name)
    group by nodes.node_id

),

leads as (

    select
        node_id,
        count(*) as open_lead_count
    from {{ ref('dim_leads') }}
    where is_open
    group by node_id

),

listed as (

    select
        words.node_id,
        count(distinct listed.company_code) as listed_company_count
    from {{ ref('stg_chain__listed') }} as listed
    inner join {{ ref('stg_chain__words') }} as words on contains(listed.product_name, words.word) and not words.is_exclude
    group by words.node_id

),

figures as (

    select
        nodes.*,
        coalesce(local_firms.local_enterprise_count, 0) as local_firm_count,
        coalesce(local_firms.output_known_count, 0) as output_known_count,
        local_firms.output_wan_cny,
        local_firms.tax_wan_cny,
        100.0 * local_firms.output_wan_cny
        / nullif(
            cast(sum(cast(local_firms.output_wan_cny as decimal(18, 4))) over (partition by nodes.chain_id) as double), 0
        ) as output_share_pct,
        local_firms.leader_names
    from {{ ref('int_chain__nodes') }} as nodes
    left join local_firms on nodes.node_id = local_firms.node_id

),

judged as (

    select
        figures.*,
        rules.*,
        case
            when local_firm_count >= strong_min_firms
                or coalesce(output_share_pct >= strong_min_output_share_pct, false) then '强'
            -- Local firms downstream have to buy elsewhere what is made by few here or by nobody.
            when local_customer_count > 0 then '补'
            else '延'
        end as rule_gap_class,
        local_firm_count >= saturated_min_firms
        and coalesce(output_share_pct >= saturated_min_output_share_pct, false) as is_saturated,
        coalesce('占本链本地产值' || round(output_share_pct, 1) || '%', '产值占比暂无') as share_text
    from figures
    cross join rules

)

select
    judged.chain_id,
    judged.chain_name,
    judged.node_id,
    judged.node_name,
    judged.node_order,
    judged.position_name,
    judged.gap_class,
    judged.is_key,
    judged.rule_gap_class,
    judged.gap_class = judged.rule_gap_class as is_class_agreed,
    case
        when judged.gap_class != judged.rule_gap_class
            then '办公室定为' || judged.gap_class || '，规则为' || judged.rule_gap_class || '：'
                || coalesce(judged.gap_reason, '办公室未写理由（chains.yaml 的 gap_reason）')
    end as class_reason_text,
    judged.source_text,
    '本地企业' || judged.local_firm_count || '家，' || judged.share_text || '，三步内上游本地企业'
    || judged.local_supplier_count || '家、下游' || judged.local_customer_count || '家；规则：不少于'
    || cast(judged.strong_min_firms as bigint) || '家或产值占比不低于' || judged.strong_min_output_share_pct
    || '%为强，够不上而下游有本地企业要用的为补，其余为延' as gap_rule_text,
    judged.local_firm_count as local_enterprise_count,
    coalesce(only_coded.code_only_count, 0) as code_only_count,
    shown.local_names,
    judged.leader_names,
    judged.output_known_count,
    judged.output_wan_cny,
    judged.output_share_pct,
    judged.tax_wan_cny,
    judged.is_saturated,
    case
        when judged.is_saturated
            then '已饱和：本地企业' || judged.local_firm_count || '家（线' || cast(judged.saturated_min_firms as bigint) || '家），'
                || judged.share_text || '（线' || judged.saturated_min_output_share_pct || '%）'
    end as saturation_text,
    judged.local_supplier_count,
    judged.local_customer_count,
    ways.supplier_nodes,
    ways.customer_nodes,
    coalesce(outside.target_enterprise_count, 0) as target_enterprise_count,
    coalesce(outside.set_aside_count, 0) as set_aside_count,
    coalesce(listed.listed_company_count, 0) as listed_company_count,
    coalesce(needs.need_count, 0) as need_count,
    coalesce(leads.open_lead_count, 0) as open_lead_count,
    codes.codes_text,
    words.words_text
from judged
left join shown on judged.node_id = shown.node_id
left join only_coded on judged.node_id = only_coded.node_id
left join outside on judged.node_id = outside.node_id
left join codes on judged.node_id = codes.node_id
left join words on judged.node_id = words.node_id
left join ways on judged.node_id = ways.node_id
left join needs on judged.node_id = needs.node_id
left join leads on judged.node_id = leads.node_id
left join listed on judged.node_id = listed.node_id
