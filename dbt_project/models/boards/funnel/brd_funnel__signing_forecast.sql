-- What the months from this one on may bring (签约预测), as told on the first day of this month, and how often an interval told so
-- far ahead held what came (落在区间内).
{% set as_of = as_of_date() %}
with held as (

    select
        months_ahead,
        count(is_count_inside) as judged_count,
        count(*) filter (where is_count_inside) as inside_count,
        count(is_wan_inside) as judged_wan_count,
        count(*) filter (where is_wan_inside) as inside_wan_count
    from {{ ref('brd_funnel__signing_record') }}
    group by months_ahead

)

select
    record.told_date,
    record.month_date,
    record.months_ahead,
    record.open_count,
    record.expected_count,
    record.low_count,
    record.high_count,
    record.expected_wan_cny,
    record.low_wan_cny,
    record.high_wan_cny,
    record.came_count,
    record.came_wan_cny,
    record.past_month_count,
    record.rehearsal_count,
    held.judged_count,
    held.inside_count,
    held.judged_wan_count,
    held.inside_wan_count,
    record.forecast_text,
    case
        when held.judged_count = 0 then '暂无'
        else '个数' || held.judged_count || '次中' || held.inside_count || '次、金额' || held.judged_wan_count || '次中'
            || held.inside_wan_count || '次'
    end as held_text,
    record.as_of_date
from {{ ref('brd_funnel__signing_record') }} as record
inner join held on record.months_ahead = held.months_ahead
where record.told_date = date_trunc('month', {{ as_of }})
