-- Foreign leads and projects in 万美元: planned, contracted, paid in, the year's plan beside what came, what is still to come weighted by the
-- chance of landing, and what the negative list says. What nobody filed is null, never 0. Domestic money is nowhere in it.
{% set as_of = as_of_date() %}
with amounts as (

    select
        *,
        fdi_kind = '月度计划' as is_plan,
        year(counted_date) = year({{ as_of }}) as is_this_year,
        {{ by_the_day('last_day(counted_date)') }} as is_over
    from {{ ref('int_project__fdi') }}
    -- A plan has no day on which it was known.
    where coalesce({{ by_the_day('known_date') }}, true)

),

money as (

    select
        lead_id,
        {{ money_sum('amount_wan_usd', "fdi_kind = '计划外资'") }} as planned_wan_usd,
        {{ money_sum('amount_wan_usd', "fdi_kind = '合同外资'") }} as contract_wan_usd,
        {{ money_sum('amount_wan_usd', "fdi_kind = '实际使用外资'") }} as paid_wan_usd,
        {{ money_sum('amount_wan_usd', "fdi_kind = '实际使用外资' and is_this_year") }} as year_paid_wan_usd,
        {{ money_sum('amount_wan_usd', 'is_plan and is_this_year and is_over') }} as year_planned_wan_usd,
        {{ money_sum('amount_wan_usd', 'is_plan and is_this_year and not is_over') }} as rest_planned_wan_usd,
        count(*) filter (where amount_wan_usd is null and not is_plan) as unconverted_count,
        concat_ws(
            '；',
            list_aggregate(
                list_sort(list_distinct(list(fdi_kind || '：' || rate_source || ' ' || printf('%.4f', usd_rate)))), 'string_agg', '；'
            ),
            '未折算（当月没有或不止一个美元汇率）：' || string_agg(
                fdi_kind || strftime(counted_date, '%Y年%m月'), '、' order by counted_date, fdi_kind
            ) filter (where amount_wan_usd is null)
        ) as rate_text
    from amounts
    group by lead_id

),

restrictions as (

    select
        hits.lead_id,
        string_agg(hits.item_quoted_text, '；' order by hits.catalogue_name, hits.item_no) as restriction_text
    from {{ ref('fct_screen_hits') }} as hits
    where contains(hits.catalogue_name, '负面清单') and {{ in_force('hits', as_of) }}
    group by hits.lead_id

)

select
    progress.lead_id,
    progress.project_name,
    progress.enterprise_name,
    progress.unit_name,
    progress.stage,
    progress.is_ended,
    leads.investor_country,
    leads.investor_structure,
    money.planned_wan_usd,
    money.contract_wan_usd,
    money.paid_wan_usd,
    money.year_planned_wan_usd,
    money.year_paid_wan_usd,
    money.year_planned_wan_usd - coalesce(money.year_paid_wan_usd, 0) as year_behind_wan_usd,
    money.rest_planned_wan_usd,
    coalesce(money.unconverted_count, 0) as unconverted_count,
    money.rate_text,
    case when not progress.is_ended then 1 / (1 + exp(-parts.landing_logit)) end as landing_probability,
    case
        -- greatest() passes over nulls: without a contract and a plan nobody can say what is to come.
        when not progress.is_ended and coalesce(money.contract_wan_usd, money.planned_wan_usd) is not null
            then round(
                -- The contract where there is one, else what the lead plans.
                greatest(coalesce(money.contract_wan_usd, money.planned_wan_usd) - coalesce(money.paid_wan_usd, 0), 0)
                -- What has started has landed: the rest of its contract is counted whole.
                * case when progress.started_date is not null then 1.0 else 1 / (1 + exp(-parts.landing_logit)) end, 4
            )
    end as weighted_wan_usd,
    coalesce(
        restrictions.restriction_text || '；须人工核对',
        case when leads.industry_code is null then '未与负面清单条目相符（未填行业代码，只比文字）' else '未与负面清单条目相符' end
    ) as restriction_text,
    progress.as_of_date
from {{ ref('brd_lead__progress') }} as progress
inner join {{ ref('stg_ledger__leads') }} as leads on progress.lead_id = leads.lead_id
left join money on progress.lead_id = money.lead_id
left join restrictions on progress.lead_id = restrictions.lead_id
left join {{ ref('scr_lead__parts') }} as parts on progress.lead_id = parts.lead_id
where coalesce(leads.is_foreign, false) or coalesce(leads.is_fdi, false) or money.lead_id is not null
