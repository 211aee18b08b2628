-- Trips by region and year (各地区外出成效): what each brought for what it cost.
select
    region_name,
    cast(year(start_date) as bigint) as event_year,
    count(*) as event_count,
    {{ money_sum('enterprise_count') }} as enterprise_count,
    cast(sum(lead_count) as bigint) as lead_count,
    cast(sum(signed_lead_count) as bigint) as signed_lead_count,
    cast(sum(started_lead_count) as bigint) as started_lead_count,
    {{ money_sum('signed_wan_cny') }} as signed_wan_cny,
    {{ money_sum('cost_wan_cny') }} as cost_wan_cny,
    -- Events without a cost are left out of both sides.
    {{ money_sum('cost_wan_cny') }} / nullif(sum(lead_count) filter (where cost_wan_cny is not null), 0) as cost_per_lead_wan_cny,
    count(*) filter (where cost_wan_cny is null) as no_cost_count,
    {{ as_of_date() }} as as_of_date
from {{ ref('brd_trip__events') }}
where event_kind in ('外出招商', '推介会', '展会')
group by region_name, event_year
