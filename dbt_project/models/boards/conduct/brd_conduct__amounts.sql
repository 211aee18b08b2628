-- Signed amounts beside what else is known of the project, where the ratio passes the office's limit and stands out in the district: beyond
-- what is usual here (median and median deviation, of logarithms where it is a multiple), and among the most extreme, up to the
-- office's share of all compared. Too few to compare: nothing is listed. A ratio, no verdict.
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
                'limit_value': {{ board_limit('amount_to_capital') }}, 'is_watched': true, 'is_high': true
            },
            {
                'comparison': '备案总投资', 'compared_wan_cny': filed_investment_wan_cny, 'measure': '倍',
                'ratio': investment_wan_cny / nullif(filed_investment_wan_cny, 0),
                'limit_value': {{ board_limit('amount_to_filed') }}, 'is_watched': true, 'is_high': true
            },
            {
                'comparison': '累计固定资产投资', 'compared_wan_cny': fixed_wan_cny, 'measure': '%',
                'ratio': 100 * fixed_wan_cny / investment_wan_cny,
                'limit_value': {{ board_limit('fixed_to_amount_pct') }},
                'is_watched': {{ by_the_day("signed_date + to_months(cast(" ~ board_limit('fixed_to_amount_months') ~ " as integer))") }},
                'is_high': false
            }
        ], recursive := true)
    from signed

),

-- How far out a ratio lies: the larger the more, whichever side is watched.
placed as (

    select
        *,
        if(is_high, ln(ratio), -ratio) as extremity
    from compared
    where is_watched and ratio is not null and (not is_high or ratio > 0)

),

usual as (

    select
        comparison,
        count(*) as compared_count,
        median(extremity) as usual_extremity,
        mad(extremity) as spread
    from placed
    group by comparison

),

ranked as (

    select
        placed.*,
        usual.compared_count,
        usual.usual_extremity,
        -- 1.4826 median deviations are one standard deviation where values are spread normally.
        usual.usual_extremity + {{ board_limit('amount_deviations') }} * 1.4826 * usual.spread as fence,
        row_number() over (
            partition by placed.comparison order by placed.extremity desc, placed.investment_wan_cny desc, placed.lead_id
        ) as extremity_rank
    from placed
    inner join usual on placed.comparison = usual.comparison

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
    round(if(is_high, exp(usual_extremity), -usual_extremity), 2) as usual_ratio,
    compared_count,
    paid_in_wan_cny,
    case
        when comparison = '累计固定资产投资'
            then '累计固投为签约额的' || printf('%.2f', ratio) || '%，低于' || {{ number_text('limit_value') }} || '%'
        else '签约额为' || comparison || '的' || printf('%.2f', ratio) || '倍，高于' || {{ number_text('limit_value') }} || '倍'
    end as fact_text,
    as_of_date
from ranked
where compared_count >= {{ board_limit('flagged_min_rows') }}
    and if(is_high, ratio > limit_value, ratio < limit_value)
    and extremity > fence
    and extremity_rank <= {{ board_limit('flagged_share_pct') }} / 100 * compared_count
