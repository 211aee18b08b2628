-- Foreign projects (外资项目) in 万美元: agreed, planned and paid in, and what the catalogue of restrictions says of the industry.
with projects as (

    select * from {{ ref('brd_follow_up__stages') }} where lost_date is null

),

written as (

    select * from {{ ref('stg_ledger__leads') }} where is_foreign or is_fdi

),

dollar_rates as (

    select
        date_trunc('month', rate_month_date) as rate_month,
        min(cny_per_unit) as cny_per_usd,
        count(distinct cny_per_unit) as rate_count
    from {{ ref('stg_ledger__exchange_rates') }}
    where currency = 'USD' and cny_per_unit > 0
    group by rate_month

),

commitments as (

    select
        commitments.lead_id,
        commitments.agreed_date,
        commitments.fdi_wan_cny / case
            when commitments.fdi_currency = 'USD' then commitments.fdi_rate
            when dollar_rates.rate_count = 1 then dollar_rates.cny_per_usd
        end as agreed_wan_usd
    from {{ ref('stg_ledger__project_commitments') }} as commitments
    left join dollar_rates on date_trunc('month', commitments.agreed_date) = dollar_rates.rate_month
    where commitments.agreed_date < {{ as_of_date() }}
    qualify row_number() over (
        partition by commitments.lead_id order by commitments.agreed_date desc, commitments.agreed_contract_no desc
    ) = 1

),

months as (

    select
        progress.lead_id,
        progress.period_date,
        year(progress.period_date) = year({{ as_of_date() }} - interval 1 day) as is_this_year,
        last_day(progress.period_date) < {{ as_of_date() }} as is_over,
        progress.paid_in_fdi_wan_cny is not null as is_paid,
        progress.paid_in_fdi_wan_cny / case
            when progress.paid_in_fdi_currency = 'USD' then progress.paid_in_fdi_rate
            when dollar_rates.rate_count = 1 then dollar_rates.cny_per_usd
        end as paid_wan_usd,
        progress.planned_fdi_wan_cny / case
            when progress.planned_fdi_currency = 'USD' then progress.planned_fdi_rate
            when dollar_rates.rate_count = 1 then dollar_rates.cny_per_usd
        end as planned_wan_usd,
        coalesce(dollar_rates.rate_count, 0) as rate_count,
        progress.paid_in_fdi_currency
    from {{ ref('stg_ledger__investment_progress') }} as progress
    left join dollar_rates on date_trunc('month', progress.period_date) = dollar_rates.rate_month

),

paid as (

    select
        lead_id,
        sum(cast(paid_wan_usd as decimal(18, 4))) filter (where is_over) as total_paid_wan_usd,
        sum(cast(paid_wan_usd as decimal(18, 4))) filter (where is_over and is_this_year) as year_paid_wan_usd,
        sum(cast(planned_wan_usd as decimal(18, 4))) filter (where is_over and is_this_year) as year_planned_wan_usd,
        sum(cast(planned_wan_usd as decimal(18, 4))) filter (where not is_over and is_this_year) as rest_planned_wan_usd,
        string_agg(
            case
                when is_over and is_paid and paid_wan_usd is null
                    then strftime(period_date, '%Y年%m月') || case when rate_count > 1 then '有' || rate_count || '个汇率' else '没有汇率' end
            end, '、' order by period_date
        ) as unconverted_text
    from months
    group by lead_id

),

restrictions as (

    select
        projects.lead_id,
        max(items.catalogue_edition) as catalogue_edition,
        string_agg(items.item_no || ' ' || items.item_text, '；' order by items.item_no) as item_texts
    from projects
    inner join {{ ref('stg_ledger__catalogue_items') }} as items
        on contains(items.catalogue_name, '负面清单')
        and items.valid_from_date < {{ as_of_date() }}
        and coalesce(items.valid_to_date >= {{ as_of_date() }}, true)
        and list_bool_or(list_transform(
            string_split(items.industry_codes, '、'),
            lambda code: code != '' and starts_with(coalesce(projects.industry_code, ''), code)
        ))
    group by projects.lead_id

)

select
    projects.lead_id,
    projects.project_name,
    projects.enterprise_name,
    projects.unit_name,
    {{ as_of_date() }} as as_of_date,
    projects.stage,
    written.investor_country,
    written.investor_structure,
    commitments.agreed_wan_usd,
    cast(paid.total_paid_wan_usd as double) as total_paid_wan_usd,
    cast(paid.year_paid_wan_usd as double) as year_paid_wan_usd,
    cast(paid.year_planned_wan_usd as double) as year_planned_wan_usd,
    cast(paid.year_planned_wan_usd as double) - coalesce(cast(paid.year_paid_wan_usd as double), 0) as year_behind_wan_usd,
    cast(paid.rest_planned_wan_usd as double) as rest_planned_wan_usd,
    coalesce('未折算：' || nullif(paid.unconverted_text, ''), '') as rate_text,
    case
        when projects.industry_code is null then '暂无：未填行业代码'
        when restrictions.item_texts is not null
            then '行业代码与' || restrictions.catalogue_edition || '条目相符，需人工核对：' || restrictions.item_texts
        else '行业代码未与在库负面清单条目相符'
    end as restriction_text
from projects
inner join written on projects.lead_id = written.lead_id
left join commitments on projects.lead_id = commitments.lead_id
left join paid on projects.lead_id = paid.lead_id
left join restrictions on projects.lead_id = restrictions.lead_id
