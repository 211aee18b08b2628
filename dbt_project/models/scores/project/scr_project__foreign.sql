-- Foreign leads with their contract and paid-in foreign money in 万美元, and what is still to come, weighted by the chance of
-- landing. Domestic money is nowhere in it.
{% set as_of = as_of_date() %}
with money as (

    select
        lead_id,
        {{ money_sum('amount_wan_usd', "fdi_kind = '计划外资'") }} as planned_wan_usd,
        {{ money_sum('amount_wan_usd', "fdi_kind = '合同外资'") }} as contract_wan_usd,
        {{ money_sum('amount_wan_usd', "fdi_kind = '实际使用外资'") }} as paid_wan_usd,
        count(*) filter (where amount_wan_usd is null) as unconverted_count,
        list_aggregate(
            list_sort(list_distinct(list(fdi_kind || '：' || rate_source || ' ' || printf('%.4f', usd_rate)))), 'string_agg', '；'
        ) as rate_text
    from {{ ref('int_project__fdi') }}
    where known_date < {{ as_of }}
    group by lead_id

)

select
    progress.lead_id,
    progress.project_name,
    progress.enterprise_name,
    progress.unit_name,
    progress.stage,
    progress.is_ended,
    leads.investor_country,
    coalesce(money.planned_wan_usd, 0) as planned_wan_usd,
    coalesce(money.contract_wan_usd, 0) as contract_wan_usd,
    coalesce(money.paid_wan_usd, 0) as paid_wan_usd,
    coalesce(money.unconverted_count, 0) as unconverted_count,
    money.rate_text,
    case when not progress.is_ended then 1 / (1 + exp(-parts.landing_logit)) end as landing_probability,
    case
        when not progress.is_ended
            then round(
                -- The contract where there is one, else what the lead plans.
                greatest(coalesce(money.contract_wan_usd, money.planned_wan_usd, 0) - coalesce(money.paid_wan_usd, 0), 0)
                -- What has started has landed: the rest of its contract is counted whole.
                * case when progress.started_date is not null then 1.0 else 1 / (1 + exp(-parts.landing_logit)) end, 4
            )
    end as weighted_wan_usd,
    progress.as_of_date
from {{ ref('brd_lead__progress') }} as progress
inner join {{ ref('stg_ledger__leads') }} as leads on progress.lead_id = leads.lead_id
left join money on progress.lead_id = money.lead_id
left join {{ ref('scr_lead__parts') }} as parts on progress.lead_id = parts.lead_id
where coalesce(leads.is_foreign, false) or coalesce(leads.is_fdi, false) or money.lead_id is not null
