-- Leads that a fund could be shown to (基金适配): money asked for, a sector that the fund invests in, money left in it.
with leads as (

    select *
    from {{ ref('brd_lead__standing') }}
    where is_open and lost_date is null and not is_forbidden and financing_need_wan_cny > 0

),

talks as (

    select
        fund_name,
        lead_id,
        arg_max(step, figures_date) as step
    from {{ ref('brd_fund__projects') }}
    where lead_id is not null
    group by fund_name, lead_id

),

pairs as (

    select
        leads.lead_id,
        leads.project_name,
        leads.unit_name,
        leads.stage,
        leads.chain_name,
        leads.financing_need_wan_cny,
        funds.fund_name,
        funds.available_wan_cny,
        talks.step,
        len(list_filter(
            {{ written_list('funds.sector_text') }},
            x -> contains(concat_ws('、', leads.chain_name, leads.node_name, leads.industry_name, leads.product_text), x)
                or contains(x, coalesce(nullif(leads.chain_name, ''), '无'))
        )) > 0 as is_sector_met,
        leads.financing_need_wan_cny <= funds.available_wan_cny as is_money_enough,
        funds.fund_state = '存续' as is_fund_alive,
        funds.problem_text,
        funds.flag_text
    from leads
    cross join {{ ref('brd_fund__register') }} as funds
    left join talks on funds.fund_name = talks.fund_name and leads.lead_id = talks.lead_id

)

select
    lead_id,
    project_name,
    unit_name,
    stage,
    chain_name,
    financing_need_wan_cny,
    fund_name,
    available_wan_cny,
    coalesce(step, '未接洽') as step,
    case when is_sector_met and is_money_enough and is_fund_alive and problem_text is null and flag_text is null
        then '可对接' else '暂不对接' end as verdict,
    concat_ws(
        '；',
        case when is_sector_met then '投资领域相符' else '投资领域未见相符' end,
        case
            when available_wan_cny is null then '可用资金未知'
            when is_money_enough then '可用资金够'
            else '可用资金不足'
        end,
        case when not is_fund_alive then '基金已到期' end,
        case when problem_text is not null then '基金台账有误：' || problem_text end,
        case when flag_text is not null then '条款待审查：' || flag_text end
    ) as reason_text,
    {{ as_of_date() }} as as_of_date
from pairs
where is_sector_met or step is not null
