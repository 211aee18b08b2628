{#- The value of a dated rule of a seed on the as-of day (截至日适用的规则): the newest that held before it. -#}
{% macro dated_rule(table, key_column, key, value) -%}
    (
        select arg_max({{ value }}, valid_from)
        from {{ source('office', table) }}
        where {{ key_column }} = '{{ key }}' and {{ by_the_day('valid_from') }}
    )
{%- endmacro %}

{#- 红、黄 or 绿 of a figure that is worse the larger it is; null where the figure is null (暂无). -#}
{% macro light_of(figure, light_key) -%}
    case
        when {{ figure }} >= {{ dated_rule('traffic_lights', 'light_key', light_key, 'red_from') }} then '红'
        when {{ figure }} >= {{ dated_rule('traffic_lights', 'light_key', light_key, 'yellow_from') }} then '黄'
        when {{ figure }} is not null then '绿'
    end
{%- endmacro %}

{#- Counted in the one measure of the indicator: 亿元 as 万元. -#}
{% macro in_wan(figure, written_measure) -%}
    case when {{ written_measure }} = '亿元' then {{ figure }} * 10000 else {{ figure }} end
{%- endmacro %}

{#- The same in the measure that the office gave the indicator. -#}
{% macro in_measure(figure, written_measure, measure) -%}
    {{ figure }} * case
        when {{ written_measure }} = '亿元' and {{ measure }} = '万元' then 10000
        when {{ written_measure }} = '万元' and {{ measure }} = '亿元' then 0.0001
        else 1
    end
{%- endmacro %}

{#- What a year may bring in foreign capital, as told on each row of `days` (told_date, target_year) by the months that were over:
    paid so far, and the rest of the plan by what plans had brought; the month that runs brings what was paid in it, or its plan's
    share if that is more. The interval is that of the monthly ratios of paid to
    planned: a quarter of them lies below it, a quarter above. -#}
{% macro foreign_told(days) -%}
months as (

    select
        days.told_date,
        days.target_year,
        date_trunc('month', fdi.counted_date) as month_date,
        sum(cast(fdi.amount_wan_usd as decimal(18, 4))) filter (
            where fdi.fdi_kind = '实际使用外资' and {{ by_the_day('fdi.known_date', 'days.told_date - 1') }}
        ) as paid_wan_usd,
        sum(cast(fdi.amount_wan_usd as decimal(18, 4))) filter (where fdi.fdi_kind = '月度计划') as planned_wan_usd,
        -- A month that is over and whose money waits for verification says nothing of what plans bring.
        last_day(month_date) < days.told_date
            and not coalesce(bool_or(not {{ by_the_day('fdi.known_date', 'days.told_date - 1') }}) filter (where fdi.fdi_kind = '实际使用外资'), false)
            as is_settled
    from {{ days }} as days
    cross join {{ ref('int_project__fdi') }} as fdi
    where fdi.fdi_kind in ('实际使用外资', '月度计划')
    group by days.told_date, days.target_year, date_trunc('month', fdi.counted_date)

),

past as (

    select
        told_date,
        target_year,
        count(*) as month_count,
        quantile_cont(paid_share, 0.25) as low_share,
        quantile_cont(paid_share, 0.5) as middle_share,
        quantile_cont(paid_share, 0.75) as high_share
    from (
        select
            told_date,
            target_year,
            cast(coalesce(paid_wan_usd, 0) as double) / cast(planned_wan_usd as double) as paid_share
        from months
        where planned_wan_usd > 0
            and is_settled
            -- So many whole months: the one that runs is not over.
            and month_date >= date_trunc('month', told_date) - to_months(cast(
                {{ dated_rule('dispatch_rules', 'rule_key', 'forecast_months', 'rule_value') }} as integer
            ))
    ) as shares
    group by told_date, target_year

),

of_year as (

    select
        days.told_date,
        days.target_year,
        coalesce(cast(sum(months.paid_wan_usd) as double), 0) as paid_wan_usd,
        coalesce(cast(sum(months.planned_wan_usd) filter (where last_day(months.month_date) >= days.told_date) as double), 0)
            as rest_planned_wan_usd,
        coalesce(cast(sum(months.paid_wan_usd) filter (where last_day(months.month_date) >= days.told_date) as double), 0)
            as running_paid_wan_usd,
        coalesce(cast(sum(months.planned_wan_usd) filter (
            where months.month_date = date_trunc('month', days.told_date)
        ) as double), 0) as running_planned_wan_usd
    from {{ days }} as days
    left join months
        on days.told_date = months.told_date
        and days.target_year = months.target_year
        and year(months.month_date) = days.target_year
    group by days.told_date, days.target_year

),

judged as (

    select
        of_year.*,
        coalesce(past.month_count, 0) as month_count,
        past.low_share,
        past.middle_share,
        past.high_share,
        coalesce(past.month_count, 0)
            >= cast({{ dated_rule('dispatch_rules', 'rule_key', 'forecast_min_months', 'rule_value') }} as bigint)
            and of_year.rest_planned_wan_usd > 0 as is_told
    from of_year
    left join past on of_year.told_date = past.told_date and of_year.target_year = past.target_year

),

foreign_told as (

    select
        told_date,
        cast(target_year as bigint) as target_year,
        paid_wan_usd,
        rest_planned_wan_usd,
        month_count,
        case when is_told then round(middle_share, 6) end as plan_share,
        {%- for end in ['low', 'middle', 'high'] %}
        case when is_told then round(
            paid_wan_usd - running_paid_wan_usd + greatest(running_paid_wan_usd, running_planned_wan_usd * {{ end }}_share)
            + (rest_planned_wan_usd - running_planned_wan_usd) * {{ end }}_share, 2
        ) end as forecast_{{ '' if end == 'middle' else end ~ '_' }}wan_usd,
        {%- endfor %}
        case
            when is_told
                then {{ number_text('forecast_low_wan_usd') }} || '至' || {{ number_text('forecast_high_wan_usd') }} || '万美元'
            when rest_planned_wan_usd = 0 then '暂无：余下月份没有计划'
            else '暂无：有计划的月份只有' || month_count || '个'
        end as forecast_text
    from judged

)
{%- endmacro %}
