-- What was to be signed, as told on the first day of each month for the months ahead, beside what came (签约预测与实际). Told on a
-- day by what was known through the day before: leads open on the day, by stage, times the share of such leads that had signed so many
-- months later, plus what leads outside that list had brought; the interval is the spread of the errors made before that day.
{% set as_of = as_of_date() %}
{% set ahead, history, fewest, coverage = 'signing_forecast_months_ahead', 'forecast_months', 'forecast_min_months', 'forecast_coverage_pct' %}
with rules as (

    select
        cast({{ dated_rule('dispatch_rules', 'rule_key', ahead, 'rule_value') }} as integer) as ahead_months,
        cast({{ dated_rule('dispatch_rules', 'rule_key', history, 'rule_value') }} as integer) as history_months,
        cast({{ dated_rule('dispatch_rules', 'rule_key', fewest, 'rule_value') }} as bigint) as min_months,
        -- Of so many per cent outside the interval, half lie below it.
        (100 - cast({{ dated_rule('dispatch_rules', 'rule_key', coverage, 'rule_value') }} as double)) / 200 as tail_share,
        -- So many days of the running month are known, the day itself among them.
        cast(date_diff('day', cast(date_trunc('month', {{ as_of }}) as date), {{ as_of }}) + 1 as integer) as days_in

),

leads as (

    select
        leads.lead_id,
        leads.reported_date,
        coalesce(leads.investment_wan_cny, 0) as investment_wan_cny
    from {{ ref('dim_leads') }} as leads
    -- As tasks count: an expansion (增资扩产) is left out where the indicator says so.
    anti join (
        select kinds.lead_id
        from {{ ref('int_lead__recruit_kind') }} as kinds
        inner join {{ source('office', 'indicators') }} as indicators
            on kinds.is_expansion and indicators.leaves_out_expansions and indicators.indicator = '新签约项目数'
    ) as left_out
        on leads.lead_id = left_out.lead_id
    where {{ by_the_day('leads.reported_date') }}

),

-- The record of one span needs the errors of a span before it, and those the rates of a third.
told_days as (

    select cast(unnest(generate_series(
        greatest(
            (select date_trunc('month', min(reported_date)) + interval 1 month from leads),
            date_trunc('month', {{ as_of }}) - to_months(3 * (select history_months from rules))
        ),
        date_trunc('month', {{ as_of }}), interval 1 month
    )) as date) as told_date

),

days as (

    select told_date as day_date from told_days
    union
    select cast({{ as_of }} + 1 as date)
    union
    -- The same day of every month: what was known by then of the month that ran.
    select told_date + (select days_in from rules) from told_days

),

moves as (

    select
        days.day_date,
        moves.*
    from (select day_date from days where {{ by_the_day('day_date - 1') }}) as days
    inner join {{ ref('fct_stage_moves') }} as moves on {{ by_the_day('moves.known_date', 'days.day_date - 1') }}
    inner join {{ ref('dim_leads') }} as reported on moves.lead_id = reported.lead_id and {{ by_the_day('reported.reported_date', 'days.day_date - 1') }}
    where moves.has_required_evidence

),

{{ grouped_signings('moves', board_limit('repeat_months'), 'day_date') }},

came as (

    select
        signings.day_date,
        signings.lead_id,
        cast(date_trunc('month', signings.signed_date) as date) as month_date,
        cast(leads.investment_wan_cny as decimal(18, 4)) as wan_cny
    from grouped_signings as signings
    inner join leads on signings.lead_id = leads.lead_id
    where signings.is_counted

),

{{ lead_courses('moves', 'day_date') }},

-- Leads in hand on a told day: neither signed nor past it, nor ended.
open_leads as (

    select
        told_days.told_date,
        leads.lead_id,
        coalesce(courses.stage, '线索') as stage,
        cast(leads.investment_wan_cny as decimal(18, 4)) as wan_cny
    from told_days
    inner join leads on {{ by_the_day('leads.reported_date', 'told_days.told_date - 1') }}
    left join courses on told_days.told_date = courses.day_date and leads.lead_id = courses.lead_id
    where not coalesce(courses.is_ended, false) and not {{ reached('签约', 'coalesce(courses.furthest_order, 1)') }}

),

open_sums as (

    select
        told_date,
        stage,
        count(*) as open_count,
        sum(wan_cny) as open_wan_cny
    from open_leads
    group by told_date, stage

),

spans as (

    select
        told_days.told_date,
        cast(ahead.months_ahead as integer) as months_ahead,
        cast(told_days.told_date + to_months(cast(ahead.months_ahead - 1 as integer)) as date) as month_date
    from told_days
    cross join (select unnest(generate_series(1, (select ahead_months from rules))) as months_ahead) as ahead

),

-- Told days whose month was over on a later told day: what that day could learn from.
learnt_from as (

    select
        told_days.told_date,
        spans.months_ahead,
        spans.told_date as past_date,
        spans.month_date
    from told_days
    inner join spans
        on spans.month_date < told_days.told_date
        and spans.told_date >= told_days.told_date - to_months((select history_months from rules))

),

spans_known as (

    select
        told_date,
        months_ahead,
        count(*) as past_month_count
    from learnt_from
    group by told_date, months_ahead

),

-- What of the past came, by where the lead stood on the past day; '' is for leads that were not in hand on it.
past_came as (

    select
        learnt_from.told_date,
        learnt_from.months_ahead,
        coalesce(open_leads.stage, '') as stage,
        count(*) as came_count,
        sum(came.wan_cny) as came_wan_cny
    from learnt_from
    inner join came on learnt_from.told_date = came.day_date and learnt_from.month_date = came.month_date
    left join open_leads on learnt_from.past_date = open_leads.told_date and came.lead_id = open_leads.lead_id
    group by 1, 2, 3

),

past_open as (

    select
        learnt_from.told_date,
        learnt_from.months_ahead,
        open_sums.stage,
        sum(open_sums.open_count) as open_count,
        sum(open_sums.open_wan_cny) as open_wan_cny
    from learnt_from
    inner join open_sums on learnt_from.past_date = open_sums.told_date
    group by 1, 2, 3

),

-- One summand a stage, and one for leads that are not in hand yet; decimals, since a sum of doubles hangs on the order of rows.
summands as (

    select
        spans.told_date,
        spans.months_ahead,
        cast(
            open_sums.open_count * coalesce(past_came.came_count, 0) / nullif(cast(past_open.open_count as double), 0)
            as decimal(18, 6)
        ) as part_count,
        -- Without money in hand there is none to come.
        case when open_sums.open_wan_cny = 0 then 0 else cast(
            cast(open_sums.open_wan_cny as double) * coalesce(cast(past_came.came_wan_cny as double), 0)
            / nullif(cast(past_open.open_wan_cny as double), 0)
            as decimal(18, 6)
        ) end as part_wan_cny
    from spans
    inner join open_sums on spans.told_date = open_sums.told_date
    left join past_open
        on spans.told_date = past_open.told_date
        and spans.months_ahead = past_open.months_ahead
        and open_sums.stage = past_open.stage
    left join past_came
        on spans.told_date = past_came.told_date
        and spans.months_ahead = past_came.months_ahead
        and open_sums.stage = past_came.stage

    union all

    select
        spans_known.told_date,
        spans_known.months_ahead,
        cast(coalesce(past_came.came_count, 0) / cast(spans_known.past_month_count as double) as decimal(18, 6)),
        cast(
            coalesce(cast(past_came.came_wan_cny as double), 0) / cast(spans_known.past_month_count as double)
            as decimal(18, 6)
        )
    from spans_known
    left join past_came
        on spans_known.told_date = past_came.told_date
        and spans_known.months_ahead = past_came.months_ahead
        and past_came.stage = ''

),

expected as (

    select
        told_date,
        months_ahead,
        round(cast(sum(part_count) as double), 2) as expected_count,
        round(cast(sum(part_wan_cny) as double), 2) as expected_wan_cny,
        bool_or(part_count is null) as is_stage_new,
        bool_or(part_wan_cny is null) as is_money_new
    from summands
    group by told_date, months_ahead

),

told as (

    select
        spans.*,
        coalesce(spans_known.past_month_count, 0) as past_month_count,
        coalesce(spans_known.past_month_count >= rules.min_months, false) as is_history_long,
        coalesce(expected.is_stage_new, false) as is_stage_new,
        case
            when spans_known.past_month_count >= rules.min_months and not expected.is_stage_new then expected.expected_count
        end as expected_count,
        case
            when spans_known.past_month_count >= rules.min_months and not expected.is_stage_new and not expected.is_money_new
                then expected.expected_wan_cny
        end as expected_wan_cny
    from spans
    cross join rules
    left join spans_known on spans.told_date = spans_known.told_date and spans.months_ahead = spans_known.months_ahead
    left join expected on spans.told_date = expected.told_date and spans.months_ahead = expected.months_ahead

),

came_sums as (

    select
        day_date,
        month_date,
        count(*) as came_count,
        cast(sum(wan_cny) as double) as came_wan_cny,
        sum(wan_cny) as came_wan_decimal
    from came
    group by day_date, month_date

),

-- Of the running month (当月): what is known of it on the day, and of what it was told to bring the share that comes later, as in
-- the past months that were over: a share of their signings was known so many days in, the rest came after.
so_far as (

    select
        came_sums.month_date,
        came_sums.came_count,
        came_sums.came_wan_decimal
    from came_sums
    cross join rules
    where came_sums.day_date = came_sums.month_date + rules.days_in

),

rest_shares as (

    select
        learnt_from.told_date,
        greatest(
            1 - sum(coalesce(so_far.came_count, 0)) / nullif(cast(sum(came_sums.came_count) as double), 0), 0
        ) as rest_count_share,
        greatest(
            1 - cast(sum(coalesce(so_far.came_wan_decimal, 0)) as double)
            / nullif(cast(sum(came_sums.came_wan_decimal) as double), 0), 0
        ) as rest_wan_share
    from learnt_from
    left join came_sums on learnt_from.told_date = came_sums.day_date and learnt_from.month_date = came_sums.month_date
    left join so_far on learnt_from.month_date = so_far.month_date
    where learnt_from.months_ahead = 1
    group by learnt_from.told_date

),

running as (

    select
        told.told_date,
        told.months_ahead,
        coalesce(so_far.came_count, 0) as known_count,
        cast(coalesce(so_far.came_wan_decimal, 0) as double) as known_wan_cny,
        -- Nothing signed in any past month: nobody can say what share comes later, so all of it.
        round(told.expected_count * coalesce(rest_shares.rest_count_share, 1), 2) as rest_count,
        round(told.expected_wan_cny * coalesce(rest_shares.rest_wan_share, 1), 2) as rest_wan_cny
    from told
    left join rest_shares on told.told_date = rest_shares.told_date
    left join so_far on told.month_date = so_far.month_date
    where told.months_ahead = 1

),

running_errors as (

    select
        learnt_from.told_date,
        learnt_from.months_ahead,
        list_sort(list(
            round(coalesce(came_sums.came_count, 0) - running.known_count - running.rest_count, 2)
        )) as running_count_errors,
        list_sort(list(
            round(coalesce(came_sums.came_wan_cny, 0) - running.known_wan_cny - running.rest_wan_cny, 2)
        ) filter (where running.rest_wan_cny is not null)) as running_wan_errors
    from learnt_from
    inner join running
        on learnt_from.past_date = running.told_date
        and learnt_from.months_ahead = running.months_ahead
        and running.rest_count is not null
    left join came_sums on learnt_from.told_date = came_sums.day_date and learnt_from.month_date = came_sums.month_date
    group by learnt_from.told_date, learnt_from.months_ahead

),

-- What came less what had been told, of the past months that were over on the day.
errors as (

    select
        learnt_from.told_date,
        learnt_from.months_ahead,
        list_sort(list(round(coalesce(came_sums.came_count, 0) - past.expected_count, 2))) as count_errors,
        list_sort(list(round(coalesce(came_sums.came_wan_cny, 0) - past.expected_wan_cny, 2)) filter (
            where past.expected_wan_cny is not null
        )) as wan_errors
    from learnt_from
    inner join told as past
        on learnt_from.past_date = past.told_date
        and learnt_from.months_ahead = past.months_ahead
        and past.expected_count is not null
    left join came_sums on learnt_from.told_date = came_sums.day_date and learnt_from.month_date = came_sums.month_date
    group by learnt_from.told_date, learnt_from.months_ahead

),

-- Of n errors the k-th smallest and the k-th largest, k = (n + 1) times the share of one side, rounded down: with fewer than
-- nine there is no such k for 80 per cent, and no interval.
ranked as (

    select
        told.*,
        {{ by_the_day('last_day(told.month_date)') }} as is_over,
        case when told.expected_count is not null then coalesce(len(errors.count_errors), 0) end as rehearsal_count,
        errors.count_errors,
        errors.wan_errors,
        nullif(cast(floor((len(errors.count_errors) + 1) * rules.tail_share + 1e-9) as bigint), 0) as count_rank,
        nullif(cast(floor((len(errors.wan_errors) + 1) * rules.tail_share + 1e-9) as bigint), 0) as wan_rank
    from told
    cross join rules
    left join errors on told.told_date = errors.told_date and told.months_ahead = errors.months_ahead
    where told.told_date >= date_trunc('month', {{ as_of }}) - to_months(rules.history_months)

),

bounded as (

    select
        ranked.*,
        {%- for name in ['count', 'wan'] %}
        {%- set unit = 'count' if name == 'count' else 'wan_cny' %}
        case when expected_{{ unit }} is not null and {{ name }}_rank is not null
            then round(greatest(expected_{{ unit }} + {{ name }}_errors[{{ name }}_rank], 0), 2)
        end as low_{{ unit }},
        case when expected_{{ unit }} is not null and {{ name }}_rank is not null
            then round(greatest(expected_{{ unit }} + {{ name }}_errors[len({{ name }}_errors) + 1 - {{ name }}_rank], 0), 2)
        end as high_{{ unit }},
        {%- endfor %}
        running.known_count,
        running.known_wan_cny,
        running.rest_count,
        running.rest_wan_cny,
        {%- for name in ['count', 'wan'] %}
        {%- set unit = 'count' if name == 'count' else 'wan_cny' %}
        {%- set errors = 'running_errors.running_' ~ name ~ '_errors' %}
        -- What is known stays: only the rest is uncertain, and less than nothing does not come.
        round(running.known_{{ unit }} + greatest(running.rest_{{ unit }} + {{ errors }}[{{ name }}_rank], 0), 2)
            as running_low_{{ unit }},
        round(
            running.known_{{ unit }} + greatest(running.rest_{{ unit }} + {{ errors }}[len({{ errors }}) + 1 - {{ name }}_rank], 0), 2
        ) as running_high_{{ unit }},
        {%- endfor %}
        case when {{ by_the_day('ranked.month_date') }} then coalesce(came_sums.came_count, 0) end as came_count,
        case when {{ by_the_day('ranked.month_date') }} then coalesce(came_sums.came_wan_cny, 0) end as came_wan_cny
    from ranked
    left join came_sums on came_sums.day_date = {{ as_of }} + 1 and ranked.month_date = came_sums.month_date
    left join running on ranked.told_date = running.told_date and ranked.months_ahead = running.months_ahead
    left join running_errors
        on ranked.told_date = running_errors.told_date
        and ranked.months_ahead = running_errors.months_ahead

)

select
    bounded.told_date,
    bounded.month_date,
    cast(bounded.months_ahead as bigint) as months_ahead,
    cast(coalesce(in_hand.open_count, 0) as bigint) as open_count,
    bounded.past_month_count,
    bounded.expected_count,
    bounded.low_count,
    bounded.high_count,
    bounded.expected_wan_cny,
    bounded.low_wan_cny,
    bounded.high_wan_cny,
    bounded.rehearsal_count,
    bounded.is_over,
    bounded.came_count,
    bounded.came_wan_cny,
    case when bounded.is_over then bounded.came_count between bounded.low_count and bounded.high_count end as is_count_inside,
    case when bounded.is_over then bounded.came_wan_cny between bounded.low_wan_cny and bounded.high_wan_cny end as is_wan_inside,
    -- A bound that what came has passed is said at once, not at the month's end only.
    concat_ws(
        '；',
        case when bounded.came_count > bounded.high_count then '个数已超过上限' end,
        case when bounded.is_over and bounded.came_count < bounded.low_count then '个数低于下限' end,
        case when bounded.came_wan_cny > bounded.high_wan_cny then '金额已超过上限' end,
        case when bounded.is_over and bounded.came_wan_cny < bounded.low_wan_cny then '金额低于下限' end
    ) as passed_text,
    bounded.known_count,
    bounded.known_wan_cny,
    bounded.rest_count,
    bounded.rest_wan_cny,
    bounded.running_low_count,
    bounded.running_high_count,
    bounded.running_low_wan_cny,
    bounded.running_high_wan_cny,
    case
        when bounded.is_over then bounded.came_count between bounded.running_low_count and bounded.running_high_count
    end as is_running_count_inside,
    case
        when bounded.is_over then bounded.came_wan_cny between bounded.running_low_wan_cny and bounded.running_high_wan_cny
    end as is_running_wan_inside,
    case
        when not bounded.is_history_long then '无法预测：可对照的月份只有' || bounded.past_month_count || '个'
        when bounded.is_stage_new then '无法预测：在手线索中有以往没有出现过的阶段'
        else '约' || {{ number_text('bounded.expected_count') }} || '个' || coalesce(
            '（' || {{ number_text('bounded.low_count') }} || '至' || {{ number_text('bounded.high_count') }} || '个）',
            '，没有区间：预演只有' || bounded.rehearsal_count || '次'
        )
    end as forecast_text,
    {{ as_of }} as as_of_date
from bounded
left join (
    select
        told_date,
        sum(open_count) as open_count
    from open_sums
    group by told_date
) as in_hand on bounded.told_date = in_hand.told_date
