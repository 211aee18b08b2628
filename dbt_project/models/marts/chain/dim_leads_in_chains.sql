-- A lead beside what is here already: the need it meets, who makes its product (低效重复), whether the node is saturated, whether it is
-- an expansion (增资扩产, counted apart from new recruitment), and what the cluster index would be with it.
with {{ rules_row([
    'firms_full', 'output_full_wan_cny', 'tax_full_wan_cny',
    'completeness_weight', 'firms_weight', 'output_weight', 'tax_weight',
]) }},

leads as (

    select
        leads.*,
        ledger.need_id as written_need_id,
        kinds.is_expansion,
        kinds.recruit_basis,
        kinds.is_of_local_firm,
        fits.matched_words,
        {{ joined_text(['leads.project_name', 'leads.product_text']) }} as product_words_text
    from {{ ref('dim_leads') }} as leads
    inner join {{ ref('stg_ledger__leads') }} as ledger on leads.lead_id = ledger.lead_id
    left join {{ ref('int_lead__chain_fit') }} as fits on leads.lead_id = fits.lead_id and fits.node_rank = 1
    inner join {{ ref('int_lead__recruit_kind') }} as kinds on leads.lead_id = kinds.lead_id

),

-- A need that the lead names, or that names the lead; else one of its node that nobody serves yet.
needs as (

    select
        lead_id,
        string_agg(need_said, '；' order by need_said) as need_text
    from (
        select
            leads.lead_id,
            case
                when leads.written_need_id = needs.need_id or asked.met_by_lead_id = leads.lead_id then '对接需求'
                else '同环节需求'
            end || needs.need_id || '：' || needs.need_text as need_said
        from leads
        inner join {{ ref('fct_chain_needs') }} as needs
            on leads.written_need_id = needs.need_id
            or (leads.node_id = needs.node_id and needs.need_status != '已有线索对接')
        inner join {{ ref('stg_ledger__chain_needs') }} as asked on needs.need_id = asked.need_id

        union

        select
            asked.met_by_lead_id,
            '对接需求' || asked.need_id || '：' || asked.need_text
        from {{ ref('stg_ledger__chain_needs') }} as asked
        where asked.met_by_lead_id is not null
    ) as linked
    group by lead_id

),

-- The same product: the same node, and a product word of the node in both.
same_product as (

    select
        leads.lead_id,
        firms.enterprise_key,
        firms.enterprise_name,
        firms.output_wan_cny
    from leads
    inner join {{ ref('int_enterprise__local_nodes') }} as firms on leads.node_id = firms.node_id
    where firms.enterprise_key is distinct from leads.enterprise_key
        and firms.enterprise_key is distinct from leads.uscc
        and len(list_intersect({{ written_set('leads.matched_words') }}, {{ written_set('firms.matched_words') }})) > 0

),

duplicates as (

    select
        lead_id,
        count(*) as duplicate_count,
        {{ money_sum('output_wan_cny') }} as duplicate_output_wan_cny,
        string_agg(enterprise_name, '、' order by output_wan_cny desc nulls last, enterprise_key) as duplicate_names
    from (
        select
            *,
            row_number() over (partition by lead_id order by output_wan_cny desc nulls last, enterprise_key) as place
        from same_product
    ) as placed
    group by lead_id

),

listed as (

    select
        leads.lead_id,
        string_agg(lists.list_text, '、' order by lists.list_text) as list_text
    from leads
    inner join {{ ref('fct_list_entries') }} as lists
        on leads.enterprise_key = lists.enterprise_key
        or {{ name_form('leads.enterprise_name') }} = {{ name_form('lists.enterprise_name') }}
        or (
            length(lists.group_name) >= 4
            and starts_with(
                {{ name_form('leads.enterprise_name') }},
                regexp_replace({{ name_form('lists.group_name') }}, '(集团)?(股份)?(有限)?(责任)?公司$', '')
            )
        )
    where lists.is_latest_edition
    group by leads.lead_id

)

select
    leads.lead_id,
    leads.project_name,
    leads.unit_name,
    leads.is_open,
    leads.chain_id,
    leads.chain_name,
    leads.node_id,
    leads.node_name,
    leads.gap_class,
    nodes.rule_gap_class,
    leads.chain_fit,
    leads.fit_confidence,
    needs.need_text,
    coalesce(duplicates.duplicate_count, 0) as duplicate_count,
    duplicates.duplicate_output_wan_cny,
    duplicates.duplicate_names,
    coalesce(nodes.is_saturated, false) as is_node_saturated,
    concat_ws(
        '；',
        case
            when duplicates.duplicate_count > 0
                then '本地已有同类产品企业' || duplicates.duplicate_count || '家（' || duplicates.duplicate_names || '），产值'
                    || coalesce(cast(cast(duplicates.duplicate_output_wan_cny as bigint) as varchar) || '万元', '暂无')
        end,
        nodes.saturation_text
    ) as duplicate_text,
    case when leads.is_expansion then '增资扩产' else '新引进' end as recruit_kind,
    leads.recruit_basis,
    listed.list_text,
    clusters.cluster_index as cluster_index_now,
    case
        when clusters.chain_id is not null
            then rules.completeness_weight
                * (clusters.covered_node_count + case when nodes.local_enterprise_count = 0 then 1 else 0 end)
                / clusters.node_count
                + rules.firms_weight * least(
                    (clusters.enterprise_count + case when leads.is_of_local_firm then 0 else 1 end) / rules.firms_full, 1.0
                )
                + rules.output_weight * least(
                    (coalesce(clusters.output_wan_cny, 0.0) + coalesce(leads.expected_output_wan_cny, 0.0))
                    / rules.output_full_wan_cny, 1.0
                )
                + rules.tax_weight * least(
                    (coalesce(clusters.tax_wan_cny, 0.0) + coalesce(leads.promised_tax_wan_cny, 0.0))
                    / rules.tax_full_wan_cny, 1.0
                )
                - clusters.cluster_index
    end as cluster_index_gain
from leads
cross join rules
left join {{ ref('dim_chain_nodes') }} as nodes on leads.node_id = nodes.node_id
left join {{ ref('dim_chains') }} as clusters on leads.chain_id = clusters.chain_id
left join needs on leads.lead_id = needs.lead_id
left join duplicates on leads.lead_id = duplicates.lead_id
left join listed on leads.lead_id = listed.lead_id
