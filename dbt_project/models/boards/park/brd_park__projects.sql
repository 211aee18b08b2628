-- Signed projects (签约项目): in a park or outside it and why, tags and what lies around, what was agreed and what came.
with projects as (

    select * from {{ ref('brd_lead__standing') }} where is_in_follow_up

),

-- Of several contracts the last one signed by the day stands.
agreed as (

    select *
    from {{ ref('stg_ledger__project_commitments') }}
    where {{ by_the_day('agreed_date') }}
    qualify row_number() over (partition by lead_id order by agreed_date desc, received_seq desc, agreed_contract_no desc) = 1

),

-- Kept or not is judged in one place: the last year that is over stands for the actual figures, every year short is named.
kept as (

    select
        lead_id,
        max(tax_year) filter (where is_judged) as paid_tax_year,
        arg_max(tax_wan_cny_per_mu, year_no) filter (where is_judged) as actual_tax_wan_cny_per_mu,
        arg_max(agreed_tax_wan_cny_per_mu, year_no) filter (where is_judged) as agreed_tax_wan_cny_per_mu,
        arg_min(intensity_wan_cny_per_mu, year_no) as actual_intensity_wan_cny_per_mu,
        arg_min(agreed_intensity_wan_cny_per_mu, year_no) as agreed_intensity_wan_cny_per_mu,
        arg_min(intensity_fulfilment_text, year_no) as intensity_fulfilment_text,
        arg_min(fulfilment_text, year_no) as first_fulfilment_text,
        coalesce(bool_or(is_judged), false) as is_judged,
        string_agg(shortfall_text, '；' order by year_no) as shortfall_text
    from (
        select
            *,
            fulfilment_text in ('已达约定', '低于约定') as is_judged
        from {{ ref('brd_follow_up__fulfilment') }}
    ) as years
    group by lead_id

),

compared as (

    select
        projects.*,
        placed.park_name as found_park_name,
        placed.is_in_park,
        placed.outside_park_reason as told_reason,
        placed.infrastructure_text,
        agreed.operation_due_date,
        kept.paid_tax_year,
        kept.actual_tax_wan_cny_per_mu,
        coalesce(kept.agreed_tax_wan_cny_per_mu, agreed.agreed_tax_wan_cny_per_mu) as agreed_tax_wan_cny_per_mu,
        kept.actual_intensity_wan_cny_per_mu,
        kept.agreed_intensity_wan_cny_per_mu,
        kept.intensity_fulfilment_text,
        kept.first_fulfilment_text,
        kept.is_judged,
        kept.shortfall_text
    from projects
    inner join {{ ref('brd_park__placed') }} as placed on projects.lead_id = placed.lead_id
    left join agreed on projects.lead_id = agreed.lead_id
    left join kept on projects.lead_id = kept.lead_id

)

select
    lead_id,
    project_name,
    enterprise_name,
    unit_name,
    stage,
    signed_date,
    cast(year(signed_date) as bigint) as signed_year,
    started_date,
    in_operation_date,
    investment_wan_cny,
    chain_name,
    found_park_name as park_name,
    is_in_park,
    case
        when is_in_park then '园内'
        when found_park_name is null then '园外'
        else '园外（“' || found_park_name || '”不在园区名录中）'
    end as place_text,
    told_reason as outside_park_reason,
    key_level,
    growth_tags,
    infrastructure_text,
    case when is_in_park and chain_name is not null
        then count(*) over (partition by found_park_name, chain_name) - 1 end as same_chain_count,
    agreed_intensity_wan_cny_per_mu,
    actual_intensity_wan_cny_per_mu,
    agreed_tax_wan_cny_per_mu,
    actual_tax_wan_cny_per_mu,
    paid_tax_year,
    nullif(concat_ws(
        '；',
        case
            when intensity_fulfilment_text = '低于约定'
                then '投资强度 ' || printf('%.2f', actual_intensity_wan_cny_per_mu) || ' 低于约定 '
                    || printf('%.2f', agreed_intensity_wan_cny_per_mu) || ' 万元/亩'
        end,
        shortfall_text,
        case when in_operation_date is null and {{ before_the_day('operation_due_date') }}
            then '约定 ' || operation_due_date || ' 投产，未见投产佐证' end
    ), '') as breach_text,
    case
        when first_fulfilment_text is null then '没有约定数，未能比较'
        when in_operation_date is null or first_fulfilment_text = '未投产' then '未投产，暂不比较'
        when is_judged or intensity_fulfilment_text in ('已达约定', '低于约定') then '已比较'
        when first_fulfilment_text = '合同未约定' then '没有约定数，未能比较'
        when first_fulfilment_text = '未到期' then '投产后第一个完整年度未过完，暂不比较'
        else '没有实际数，未能比较'
    end as comparison_text,
    {{ as_of_date() }} as as_of_date
from compared
