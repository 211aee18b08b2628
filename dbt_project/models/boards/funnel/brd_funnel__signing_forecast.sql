-- What the months from this one on may bring (签约预测), and how often an interval told so held what came (落在区间内). The months
-- ahead as told on the first day of this month; the month that runs as known on the day: what is signed, plus what the rest of
-- such a month used to bring.
{% set as_of = as_of_date() %}
with record as (

    select
        *,
        months_ahead = 1 as is_running
    from {{ ref('brd_funnel__signing_record') }}

),

held as (

    select
        months_ahead,
        count(case when months_ahead = 1 then is_running_count_inside else is_count_inside end) as judged_count,
        count(*) filter (where case when months_ahead = 1 then is_running_count_inside else is_count_inside end) as inside_count,
        count(case when months_ahead = 1 then is_running_wan_inside else is_wan_inside end) as judged_wan_count,
        count(*) filter (where case when months_ahead = 1 then is_running_wan_inside else is_wan_inside end) as inside_wan_count
    from record
    group by months_ahead

),

told as (

    select
        told_date,
        month_date,
        months_ahead,
        open_count,
        expected_count as told_count,
        known_count,
        known_wan_cny,
        rest_count,
        rest_wan_cny,
        {%- for unit in ['count', 'wan_cny'] %}
        case when months_ahead = 1 then round(known_{{ unit }} + rest_{{ unit }}, 2) else expected_{{ unit }} end as expected_{{ unit }},
        case when months_ahead = 1 then running_low_{{ unit }} else low_{{ unit }} end as low_{{ unit }},
        case when months_ahead = 1 then running_high_{{ unit }} else high_{{ unit }} end as high_{{ unit }},
        {%- endfor %}
        came_count,
        came_wan_cny,
        past_month_count,
        rehearsal_count,
        passed_text,
        is_running,
        forecast_text as told_text
    from record
    where told_date = date_trunc('month', {{ as_of }})

)

select
    told.told_date,
    told.month_date,
    told.months_ahead,
    told.open_count,
    told.told_count,
    told.known_count,
    told.rest_count,
    told.expected_count,
    told.low_count,
    told.high_count,
    told.known_wan_cny,
    told.rest_wan_cny,
    told.expected_wan_cny,
    told.low_wan_cny,
    told.high_wan_cny,
    told.came_count,
    told.came_wan_cny,
    told.past_month_count,
    told.rehearsal_count,
    held.judged_count,
    held.inside_count,
    held.judged_wan_count,
    held.inside_wan_count,
    case
        when told.is_running and told.expected_count is not null
            then '已签' || told.known_count || '个，其余约' || {{ number_text('told.rest_count') }} || '个，合计约'
                || {{ number_text('told.expected_count') }} || '个' || coalesce(
                    '（' || {{ number_text('told.low_count') }} || '至' || {{ number_text('told.high_count') }} || '个）',
                    '，没有区间：预演只有' || told.rehearsal_count || '次'
                )
        else told.told_text
    end || coalesce('；月初预测' || nullif(told.passed_text, ''), '') as forecast_text,
    case
        when held.judged_count = 0 then '暂无'
        else '个数' || held.judged_count || '次中' || held.inside_count || '次、金额' || held.judged_wan_count || '次中'
            || held.inside_wan_count || '次'
    end as held_text,
    {{ as_of }} as as_of_date
from told
inner join held on told.months_ahead = held.months_ahead
