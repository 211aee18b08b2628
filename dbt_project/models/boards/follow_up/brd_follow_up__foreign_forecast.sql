-- What the year may bring in foreign capital (外资到资预计): paid so far, and the rest of the plan by what plans have brought before.
-- The interval is that of the monthly ratios of paid to planned: a quarter of them lies below it, a quarter above.
with months as (

    select
        date_trunc('month', counted_date) as month_date,
        sum(cast(amount_wan_usd as decimal(18, 4))) filter (where fdi_kind = '实际使用外资' and known_date < {{ as_of_date() }})
            as paid_wan_usd,
        sum(cast(amount_wan_usd as decimal(18, 4))) filter (where fdi_kind = '月度计划') as planned_wan_usd,
        -- A month that is over and whose money waits for verification says nothing of what plans bring.
        last_day(month_date) < {{ as_of_date() }}
            and not coalesce(bool_or(known_date >= {{ as_of_date() }}) filter (where fdi_kind = '实际使用外资'), false) as is_settled
    from {{ ref('int_project__fdi') }}
    where fdi_kind in ('实际使用外资', '月度计划')
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
            and is_settled
            -- So many whole months: the one that runs is not over.
            and month_date >= date_trunc('month', {{ as_of_date() }}) - to_months(cast(
                {{ dated_rule('dispatch_rules', 'rule_key', 'forecast_months', 'rule_value') }} as integer
            ))
    ) as shares

),

this_year as (

    select
        coalesce(cast(sum(paid_wan_usd) as double), 0) as paid_wan_usd,
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
