-- Share of signings and of their investment in parks (园区集中度), by unit, year and quarter of signing; 全区 adds the units up. Signed is
-- signed as the task of signings counts it, ended or not.
with expansions as (

    select kinds.lead_id
    from {{ ref('int_lead__recruit_kind') }} as kinds
    inner join {{ source('office', 'indicators') }} as tasks
        on kinds.is_expansion and tasks.leaves_out_expansions and tasks.indicator = '新签约项目数'

),

projects as (

    select
        progress.signed_unit_name as unit_name,
        cast(year(progress.signed_date) as bigint) as signed_year,
        '第' || quarter(progress.signed_date) || '季度' as signed_quarter,
        progress.investment_wan_cny,
        placed.is_in_park,
        placed.outside_park_reason
    from {{ ref('brd_lead__progress') }} as progress
    inner join {{ ref('brd_park__placed') }} as placed on progress.lead_id = placed.lead_id
    anti join expansions on progress.lead_id = expansions.lead_id
    where progress.is_counted_signing

)

select
    coalesce(unit_name, '全区') as unit_name,
    coalesce(cast(signed_year as varchar), '合计') as signed_year,
    coalesce(signed_quarter, '合计') as signed_quarter,
    count(*) as project_count,
    count(*) filter (where is_in_park) as in_park_count,
    100.0 * count(*) filter (where is_in_park) / count(*) as in_park_pct,
    {{ money_sum('investment_wan_cny') }} as investment_wan_cny,
    {{ money_sum('investment_wan_cny', 'is_in_park') }} as in_park_wan_cny,
    100.0 * coalesce({{ money_sum('investment_wan_cny', 'is_in_park') }}, 0) / nullif({{ money_sum('investment_wan_cny') }}, 0)
        as in_park_investment_pct,
    count(*) filter (where investment_wan_cny is null) as no_investment_count,
    count(*) filter (where not is_in_park and outside_park_reason = '未填写原因') as no_reason_count,
    {{ as_of_date() }} as as_of_date
from projects
group by grouping sets (
    (unit_name, signed_year, signed_quarter), (unit_name, signed_year), (unit_name),
    (signed_year, signed_quarter), (signed_year), ()
)
-- Without a project there is nothing to add up, not a row of zeros.
having count(*) > 0
