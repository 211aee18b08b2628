-- Foreign money of the year by unit, and of the district: contract and paid in, task, gap; and whether what is under way,
-- weighted by the chance of landing, reaches the rest of the task. Without a task there is no gap (未下达).
{% set as_of = as_of_date() %}
with money as (

    select
        leads.unit_name,
        cast(year(fdi.counted_date) as bigint) as target_year,
        fdi.fdi_kind,
        fdi.amount_wan_usd
    from {{ ref('int_project__fdi') }} as fdi
    inner join {{ ref('brd_lead__progress') }} as leads on fdi.lead_id = leads.lead_id
    where fdi.known_date < {{ as_of }}

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
    where indicators.indicator = '实际使用外资' and given.measure = '万美元' and coalesce(given.issued_date < {{ as_of }}, true)
    group by given.target_year

),

years as (

    select target_year from money
    union
    select target_year from targets
    union
    select cast(year({{ as_of }} - 1) as bigint)

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

joined as (

    select
        slices.slice_name,
        years.target_year,
        coalesce(done.contract_wan_usd, 0) as contract_wan_usd,
        coalesce(done.paid_wan_usd, 0) as paid_wan_usd,
        coalesce(done.unconverted_count, 0) as unconverted_count,
        targets.target_value,
        case when targets.target_value is not null then greatest(targets.target_value - coalesce(done.paid_wan_usd, 0), 0) end
            as gap_value,
        -- What is under way is of today, so it stands beside this year's task only.
        case when years.target_year = year({{ as_of }} - 1) then coalesce(pipeline.weighted_wan_usd, 0) end as weighted_wan_usd,
        case when years.target_year = year({{ as_of }} - 1) then coalesce(pipeline.foreign_lead_count, 0) end
            as foreign_lead_count
    from (select distinct slice_name from units) as slices
    cross join years
    left join done on slices.slice_name = done.slice_name and years.target_year = done.target_year
    left join targets on slices.slice_name = targets.slice_name and years.target_year = targets.target_year
    left join pipeline on slices.slice_name = pipeline.slice_name

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
    weighted_wan_usd < gap_value as is_short,
    {{ as_of }} as as_of_date
from joined
