-- Share of signed projects and of their investment in parks (园区集中度), by unit, year and quarter of signing; 全区 adds the units up.
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
from (
    select
        *,
        '第' || quarter(signed_date) || '季度' as signed_quarter
    from {{ ref('brd_park__projects') }}
) as projects
group by grouping sets (
    (unit_name, signed_year, signed_quarter), (unit_name, signed_year), (unit_name),
    (signed_year, signed_quarter), (signed_year), ()
)
-- Without a project there is nothing to add up, not a row of zeros.
having count(*) > 0
