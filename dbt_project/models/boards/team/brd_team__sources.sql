-- Leads, signings and landings by source (线索来源), and which side led (政府主导、市场主导); 未填 is a source of its own.
with sides as (

    select
        lead_source,
        arg_max(side, valid_from) as side
    from {{ source('office', 'source_sides') }}
    where {{ by_the_day('valid_from') }}
    group by lead_source

),

leads as (

    select
        standing.*,
        coalesce(standing.lead_source, '未填') as source_name,
        coalesce(sides.side, '未归类') as side
    from {{ ref('brd_lead__standing') }} as standing
    left join sides on standing.lead_source = sides.lead_source

),

counted as (

    select
        coalesce(side, '合计') as side,
        coalesce(source_name, '小计') as source_name,
        count(*) as lead_count,
        count(introduced_by) as with_introducer_count,
        count(*) filter (where signed_date is not null) as signed_count,
        count(*) filter (where started_date is not null) as started_count,
        {{ money_sum('investment_wan_cny', 'started_date is not null') }} as started_wan_cny
    from leads
    group by grouping sets ((side, source_name), (side), ())
    having count(*) > 0

)

select
    side,
    source_name,
    lead_count,
    with_introducer_count,
    signed_count,
    started_count,
    started_wan_cny,
    100.0 * lead_count / sum(lead_count) filter (where side = '合计') over () as lead_pct,
    100.0 * started_count / nullif(sum(started_count) filter (where side = '合计') over (), 0) as started_share_pct,
    100.0 * started_count / lead_count as landing_pct,
    {{ as_of_date() }} as as_of_date
from counted
