-- Foreign money of the year by unit, and of the district: contract and paid in, task, gap; and whether the year as it is foretold
-- (外资到资预计) reaches the task. What is under way, weighted by the chance of landing, is of this year and of all later ones: it
-- stands beside and judges nothing. Without a task there is no gap (未下达).
{% set as_of = as_of_date() %}
with money as (

    select
        leads.unit_name,
        cast(year(fdi.counted_date) as bigint) as target_year,
        fdi.fdi_kind,
        fdi.amount_wan_usd
    from {{ ref('int_project__fdi') }} as fdi
    inner join {{ ref('brd_lead__progress') }} as leads on fdi.lead_id = leads.lead_id
    where {{ by_the_day('fdi.known_date') }}

),

units as (

    select unit_name, unit_name as slice_name from {{ ref('dim_units') }}
    union all
    select unit_name, '全区' as slice_name from {{ ref('dim_units') }}

),

targets as (

    select
        unit_name as slice_name,
        target_year,
        target_value
    from {{ ref('fct_targets') }}
    where indicator = '实际使用外资' and measure = '万美元'
    union all
    -- The district's own task: as it was issued last.
    select
        '全区' as slice_name,
        given.target_year,
        arg_max(given.target_value, (coalesce(given.issued_date, date '1949-10-01'), given.received_seq)) as target_value
    from {{ ref('stg_ledger__district_targets') }} as given
    inner join {{ source('office', 'indicators') }} as indicators on {{ names_indicator('given.indicator', 'indicators') }}
    where indicators.indicator = '实际使用外资' and given.measure = '万美元' and coalesce({{ by_the_day('given.issued_date') }}, true)
    group by given.target_year

),

years as (

    select target_year from money
    union
    select target_year from targets
    union
    select cast(year({{ as_of }}) as bigint)

),

done as (

    select
        units.slice_name,
        money.target_year,
        coalesce({{ money_sum('money.amount_wan_usd', "money.fdi_kind = '合同外资'") }}, 0) as contract_wan_usd,
        coalesce({{ money_sum('money.amount_wan_usd', "money.fdi_kind = '实际使用外资'") }}, 0) as paid_wan_usd,
        count(*) filter (where money.amount_wan_usd is null) as unconverted_count
    from money
    inner join units on money.unit_name = units.unit_name
    group by units.slice_name, money.target_year

),

pipeline as (

    select
        units.slice_name,
        coalesce({{ money_sum('foreign_leads.weighted_wan_usd') }}, 0) as weighted_wan_usd,
        count(*) filter (where not foreign_leads.is_ended) as foreign_lead_count
    from {{ ref('scr_project__foreign') }} as foreign_leads
    inner join units on foreign_leads.unit_name = units.unit_name
    group by units.slice_name

),

-- The plan of the running month and of the months after it, with what was paid in that month: the same split as the forecast's.
plans as (

    select
        units.slice_name,
        coalesce(cast(sum(cast(fdi.amount_wan_usd as decimal(18, 4))) filter (
            where fdi.fdi_kind = '月度计划' and date_trunc('month', fdi.counted_date) = date_trunc('month', {{ as_of }})
        ) as double), 0) as running_planned_wan_usd,
        coalesce(cast(sum(cast(fdi.amount_wan_usd as decimal(18, 4))) filter (
            where fdi.fdi_kind = '月度计划' and date_trunc('month', fdi.counted_date) > date_trunc('month', {{ as_of }})
        ) as double), 0) as later_planned_wan_usd,
        coalesce(cast(sum(cast(fdi.amount_wan_usd as decimal(18, 4))) filter (
            where fdi.fdi_kind = '实际使用外资' and {{ by_the_day('fdi.known_date') }}
                and date_trunc('month', fdi.counted_date) = date_trunc('month', {{ as_of }})
        ) as double), 0) as running_paid_wan_usd
    from {{ ref('int_project__fdi') }} as fdi
    inner join {{ ref('brd_lead__progress') }} as leads on fdi.lead_id = leads.lead_id
    inner join units on leads.unit_name = units.unit_name
    where year(fdi.counted_date) = year({{ as_of }})
    group by units.slice_name

),

foretold as (

    select * from {{ ref('brd_follow_up__foreign_forecast') }}

),

joined as (

    select
        slices.slice_name,
        years.target_year,
        case when {{ is_kept('project_commitments') }} then coalesce(done.contract_wan_usd, 0) end as contract_wan_usd,
        case when {{ is_kept('investment_progress') }} then coalesce(done.paid_wan_usd, 0) end as paid_wan_usd,
        coalesce(done.unconverted_count, 0) as unconverted_count,
        targets.target_value,
        case when targets.target_value is not null and {{ is_kept('investment_progress') }} then greatest(targets.target_value - coalesce(done.paid_wan_usd, 0), 0) end
            as gap_value,
        -- What is under way is of today, so it stands beside this year's task only.
        case when years.target_year = year({{ as_of }}) then coalesce(pipeline.weighted_wan_usd, 0) end as weighted_wan_usd,
        case when years.target_year = year({{ as_of }}) then coalesce(pipeline.foreign_lead_count, 0) end
            as foreign_lead_count,
        -- The district's is the forecast itself; a unit's is its own plan by the same share.
        case
            when years.target_year != foretold.target_year or foretold.forecast_wan_usd is null then null
            when slices.slice_name = '全区' then foretold.forecast_wan_usd
            else round(
                coalesce(done.paid_wan_usd, 0) - coalesce(plans.running_paid_wan_usd, 0) + greatest(
                    coalesce(plans.running_paid_wan_usd, 0), coalesce(plans.running_planned_wan_usd, 0) * foretold.plan_share
                ) + coalesce(plans.later_planned_wan_usd, 0) * foretold.plan_share, 2
            )
        end as forecast_wan_usd,
        case when years.target_year = foretold.target_year then foretold.forecast_text end as district_text
    from (select distinct slice_name from units) as slices
    cross join years
    left join done on slices.slice_name = done.slice_name and years.target_year = done.target_year
    left join targets on slices.slice_name = targets.slice_name and years.target_year = targets.target_year
    left join pipeline on slices.slice_name = pipeline.slice_name
    left join plans on slices.slice_name = plans.slice_name
    cross join foretold

)

select
    slice_name,
    target_year,
    contract_wan_usd,
    paid_wan_usd,
    unconverted_count,
    target_value,
    coalesce({{ number_text('target_value') }} || '万美元', '未下达') as target_text,
    gap_value,
    case when target_value > 0 then round(100 * paid_wan_usd / target_value, 2) end as completion_pct,
    foreign_lead_count,
    weighted_wan_usd,
    forecast_wan_usd,
    -- Enough is enough, whatever is foretold; without a forecast nobody can say.
    case when weighted_wan_usd is null then null when gap_value = 0 then false else forecast_wan_usd < target_value end as is_short,
    case
        when weighted_wan_usd is null or target_value is null then ''
        when gap_value = 0 then '任务已完成'
        when forecast_wan_usd is null then '不能判断：' || coalesce(district_text, '没有预计')
        else '预计全年' || {{ number_text('forecast_wan_usd') }} || '万美元，'
            || case when forecast_wan_usd < target_value then '比任务少' || {{ number_text('target_value - forecast_wan_usd') }}
                else '可完成任务' end
            || '；在途加权' || {{ number_text('weighted_wan_usd') }} || '万美元含以后各年，不全在今年'
    end as short_text,
    {{ as_of }} as as_of_date
from joined
