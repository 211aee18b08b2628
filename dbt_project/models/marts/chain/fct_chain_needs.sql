-- What is asked for (发展、区域、产业、企业需要什么), the most urgent first: 优先级, then the yearly amount, then the day it was asked.
with needs as (

    select
        needs.*,
        nodes.node_id as found_node_id,
        nodes.chain_id as found_chain_id,
        nodes.node_name as found_node_name,
        nodes.gap_class as office_gap_class
    from {{ ref('stg_ledger__chain_needs') }} as needs
    left join {{ ref('stg_chain__nodes') }} as nodes
        on needs.node_id = nodes.node_id
        or (needs.node_id is null and needs.node_name = nodes.node_name and needs.chain_name = nodes.chain_name)
    qualify row_number() over (partition by needs.need_id order by nodes.node_order) = 1

),

leads as (

    select
        leads.lead_id,
        leads.project_name,
        leads.unit_name,
        leads.node_id,
        leads.is_open,
        written.need_id
    from {{ ref('dim_leads') }} as leads
    inner join {{ ref('stg_ledger__leads') }} as written on leads.lead_id = written.lead_id

),

linked as (

    select
        needs.need_id,
        count(distinct leads.lead_id) as lead_count,
        string_agg(distinct leads.project_name || '（' || leads.unit_name || '）', '、') as lead_names
    from needs
    inner join leads on needs.need_id = leads.need_id or needs.met_by_lead_id = leads.lead_id
    group by needs.need_id

),

possible as (

    select
        node_id,
        count(*) as open_lead_count
    from leads
    where is_open
    group by node_id

)

select
    needs.need_id,
    row_number() over (
        order by
            case needs.priority when '高' then 1 when '中' then 2 when '低' then 3 else 4 end,
            needs.yearly_amount_wan_cny desc nulls last,
            needs.asked_date,
            needs.need_id
    ) as need_rank,
    needs.chain_name,
    needs.found_chain_id as chain_id,
    needs.found_node_id as node_id,
    coalesce(needs.found_node_name, needs.node_name) as node_name,
    needs.need_text,
    coalesce(needs.gap_class, needs.office_gap_class) as gap_class,
    needs.asked_by,
    needs.priority,
    needs.yearly_amount_wan_cny,
    needs.asked_date,
    needs.due_date,
    coalesce(linked.lead_count, 0) as lead_count,
    linked.lead_names,
    coalesce(possible.open_lead_count, 0) as node_open_lead_count,
    case
        when needs.found_node_id is null then '环节不存在，见链条数据问题'
        when linked.lead_count > 0 then '已有线索对接'
        when possible.open_lead_count > 0 then '同环节有线索，尚未对接'
        else '尚无线索'
    end as need_status
from needs
left join linked on needs.need_id = linked.need_id
left join possible on needs.found_node_id = possible.node_id
