-- What the year may bring in foreign capital (外资到资预计): paid so far, and the rest of the plan by what plans have brought before.
-- The interval is that of the monthly ratios of paid to planned: a quarter of them lies below it, a quarter above.
with rates as (

    select
        date_trunc('month', rate_month_date) as rate_month,
        case when count(distinct cny_per_unit) = 1 then min(cny_per_unit) end as cny_per_usd
    from {{ ref('stg_ledger__exchange_rates') }}
    where currency = 'USD' and cny_per_unit > 0
    group by rate_month

),

months as (

    select
        date_trunc('month', progress.period_date) as month_date,
        sum(cast(progress.paid_in_fdi_wan_cny / case
            when progress.paid_in_fdi_currency = 'USD' then progress.paid_in_fdi_rate else rates.cny_per_usd
        end as decimal(18, 4))) as paid_wan_usd,
        sum(cast(progress.planned_fdi_wan_cny / case
            when progress.planned_fdi_currency = 'USD' then progress.planned_fdi_rate else rates.cny_per_usd
        end as decimal(18, 4))) as planned_wan_usd
    from {{ ref('stg_ledger__investment_progress') }} as progress
    inner join {{ ref('dim_leads') }} as leads on progress.lead_id = leads.lead_id
    left join rates on date_trunc('month', progress.period_date) = rates.rate_month
    group by month_date

),

past as (

    select
        count(*) as month_count,
        quantile_cont(paid_share, 0.25) as low_share,
        quantile_cont(paid_share, 0.5) as middle_share,
        quantile_cont(paid_share, 0.75) as high_share
    from (
        select cast(coalesce(paid_wan_usd, 0) as double) / cast(planned_wan_usd as double) as paid_share
        from months
        where planned_wan_usd > 0
            and last_day(month_date) < {{ as_of_date() }}
            and month_date >= {{ as_of_date() }} - to_months(cast(
                {{ dated_rule('dispatch_rules', 'rule_key', 'forecast_months', 'rule_value') }} as integer
            ))
    ) as shares

),

this_year as (

    select
        coalesce(cast(sum(paid_wan_usd) filter (where last_day(month_date) < {{ as_of_date() }}) as double), 0) as paid_wan_usd,
        coalesce(cast(sum(planned_wan_usd) filter (where last_day(month_date) >= {{ as_of_date() }}) as double), 0)
            as rest_planned_wan_usd
    from months
    where year(month_date) = year({{ as_of_date() }} - interval 1 day)

),

told as (

    select
        this_year.*,
        past.*,
        past.month_count
            >= cast({{ dated_rule('dispatch_rules', 'rule_key', 'forecast_min_months', 'rule_value') }} as bigint)
            and this_year.rest_planned_wan_usd > 0 as is_told
    from this_year
    cross join past

)

select
    cast(year({{ as_of_date() }} - interval 1 day) as bigint) as target_year,
    {{ as_of_date() }} as as_of_date,
    paid_wan_usd,
    rest_planned_wan_usd,
    month_count,
    case when is_told then round(paid_wan_usd + rest_planned_wan_usd * low_share, 2) end as forecast_low_wan_usd,
    case when is_told then round(paid_wan_usd + rest_planned_wan_usd * middle_share, 2) end as forecast_wan_usd,
    case when is_told then round(paid_wan_usd + rest_planned_wan_usd * high_share, 2) end as forecast_high_wan_usd,
    case
        when is_told
            then {{ plain_number('paid_wan_usd + rest_planned_wan_usd * low_share') }} || '至'
                || {{ plain_number('paid_wan_usd + rest_planned_wan_usd * high_share') }} || '万美元'
        when rest_planned_wan_usd = 0 then '暂无：余下月份没有计划'
        else '暂无：有计划的月份只有' || month_count || '个'
    end as forecast_text
from told
