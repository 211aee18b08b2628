-- Signed amounts beside what else is known of the project, where the ratio passes the office's limit. A ratio, no verdict.
{% set as_of = as_of_date() %}
with built as (

    select
        lead_id,
        {{ money_sum('month_fixed_investment_wan_cny') }} as fixed_wan_cny,
        max(total_paid_in_wan_cny) as paid_in_wan_cny
    from (
        select *
        from {{ ref('stg_ledger__investment_progress') }}
        where {{ by_the_day('greatest(last_day(period_date), coalesce(verified_date, period_date))') }}
        qualify row_number() over (partition by lead_id, date_trunc('month', period_date) order by period_date desc) = 1
    ) as monthly
    group by lead_id

),

signed as (

    select
        progress.lead_id,
        progress.project_name,
        progress.enterprise_name,
        progress.unit_name,
        progress.signed_date,
        progress.investment_wan_cny,
        coalesce(leads.registered_capital_wan_cny, dim.registered_capital_wan_cny) as registered_capital_wan_cny,
        leads.filed_investment_wan_cny,
        built.fixed_wan_cny,
        built.paid_in_wan_cny,
        progress.as_of_date
    from {{ ref('brd_lead__progress') }} as progress
    inner join {{ ref('stg_ledger__leads') }} as leads on progress.lead_id = leads.lead_id
    inner join {{ ref('dim_leads') }} as dim on progress.lead_id = dim.lead_id
    left join built on progress.lead_id = built.lead_id
    where progress.signed_date is not null and progress.investment_wan_cny > 0

),

compared as (

    select
        *,
        unnest([
            {
                'comparison': '注册资本', 'compared_wan_cny': registered_capital_wan_cny, 'measure': '倍',
                'ratio': investment_wan_cny / nullif(registered_capital_wan_cny, 0),
                'limit_value': {{ board_limit('amount_to_capital') }}, 'is_watched': true
            },
            {
                'comparison': '备案总投资', 'compared_wan_cny': filed_investment_wan_cny, 'measure': '倍',
                'ratio': investment_wan_cny / nullif(filed_investment_wan_cny, 0),
                'limit_value': {{ board_limit('amount_to_filed') }}, 'is_watched': true
            },
            {
                'comparison': '累计固定资产投资', 'compared_wan_cny': fixed_wan_cny, 'measure': '%',
                'ratio': 100 * fixed_wan_cny / investment_wan_cny,
                'limit_value': {{ board_limit('fixed_to_amount_pct') }},
                'is_watched': {{ by_the_day("signed_date + to_months(cast(" ~ board_limit('fixed_to_amount_months') ~ " as integer))") }}
            }
        ], recursive := true)
    from signed

)

select
    lead_id,
    comparison,
    project_name,
    enterprise_name,
    unit_name,
    signed_date,
    investment_wan_cny,
    compared_wan_cny,
    round(ratio, 2) as ratio,
    measure as ratio_measure,
    limit_value,
    paid_in_wan_cny,
    case
        when comparison = '累计固定资产投资'
            then '累计固投为签约额的' || printf('%.2f', ratio) || '%，低于' || {{ number_text('limit_value') }} || '%'
        else '签约额为' || comparison || '的' || printf('%.2f', ratio) || '倍，高于' || {{ number_text('limit_value') }} || '倍'
    end as fact_text,
    as_of_date
from compared
where is_watched
    and case when comparison = '累计固定资产投资' then ratio < limit_value else ratio > limit_value end
