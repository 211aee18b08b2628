-- What funds put into projects, by the last figures by the day (基金投资项目): step, outside capital, what became of it.
with latest as (

    select *
    from {{ ref('stg_ledger__fund_investments') }}
    where {{ by_the_day('as_of_date') }}
    qualify row_number() over (
        partition by fund_name, project_name order by as_of_date desc, received_seq desc
    ) = 1

),

paid as (

    select
        lead_id,
        {{ money_sum('paid_tax_wan_cny') }} as paid_tax_wan_cny
    from {{ ref('stg_ledger__tax_paid') }}
    where lead_id is not null
        and {{ by_the_day(tax_known_date()) }}
    group by lead_id

)

select
    latest.fund_name,
    latest.project_name,
    latest.as_of_date as figures_date,
    latest.step,
    latest.lead_id,
    leads.unit_name,
    case
        when latest.lead_id is null then '未填线索编号'
        when leads.lead_id is null then '线索编号不在台账中'
        else leads.stage
    end as lead_state,
    latest.invested_date,
    latest.invested_wan_cny,
    latest.outside_capital_wan_cny,
    latest.outside_capital_wan_cny / nullif(latest.invested_wan_cny, 0) as leverage_ratio,
    latest.reinvestment_counted_wan_cny,
    leads.signed_date,
    leads.started_date,
    leads.started_date is not null as is_landed,
    paid.paid_tax_wan_cny,
    {{ flags_in('latest.terms_text') }} as flag_text,
    nullif(concat_ws(
        '；',
        case when latest.invested_wan_cny < 0 then '基金投资额为负' end,
        case when latest.outside_capital_wan_cny < 0 then '撬动社会资本为负' end,
        case when latest.step in ('接洽', '尽调') and latest.invested_wan_cny > 0 then '尚未出资却有投资额' end,
        case when latest.invested_wan_cny > leads.investment_wan_cny then '基金投资额大于项目总投资' end
    ), '') as problem_text,
    latest.source_file,
    latest.source_sheet,
    latest.source_row
from latest
left join {{ ref('brd_lead__standing') }} as leads on latest.lead_id = leads.lead_id
left join paid on latest.lead_id = paid.lead_id
