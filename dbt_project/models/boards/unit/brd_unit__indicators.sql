-- Every unit, indicator and month up to the day, in one shape: any range of months is a sum (半年、季度、任意区间).
-- Units with nothing stand with 0 where the ledger that tells it was received, else with 暂无. `started_value` counts only what
-- belongs to projects that have started (不落地都是零).
{% set as_of = as_of_date() %}
with indicators as (

    select
        indicator,
        indicator_order,
        measure,
        -- The ledger that tells of it; one that was never sent leaves 暂无, not 0, as does one of leads without a day of report.
        case
            when indicator in ('到位资金', '固定资产投资', '实际使用外资') then {{ is_kept('investment_progress') }}
            when indicator = '外出招商次数' then {{ is_kept('trips_events') }}
            when indicator in ('跟进次数', '走访次数') then {{ is_kept('follow_ups') }}
            when indicator = '填报次数' then {{ is_kept('follow_ups') }} or {{ is_kept('stage_moves') }}
            when indicator = '新增线索数' then exists (select 1 from {{ ref('dim_leads') }} where reported_date is not null)
            else {{ is_kept('stage_moves') }}
        end as is_told
    from (values
        ('新增线索数', 1, '个'), ('填报次数', 2, '次'), ('跟进次数', 3, '次'), ('走访次数', 4, '次'), ('进展更新次数', 5, '次'),
        ('外出招商次数', 6, '次'), ('新签约项目数', 7, '个'), ('签约金额', 8, '万元'), ('新开工项目数', 9, '个'),
        ('开工金额', 10, '万元'), ('新投产项目数', 11, '个'), ('到位资金', 12, '万元'), ('固定资产投资', 13, '万元'),
        ('实际使用外资', 14, '万美元')
    ) as listed (indicator, indicator_order, measure)

),

progress as (

    select * from {{ ref('brd_lead__progress') }}

),

follow_ups as (

    select * from {{ ref('fct_follow_ups') }} where {{ by_the_day('known_date') }}

),

moves as (

    select * from {{ ref('fct_stage_moves') }} where {{ by_the_day('known_date') }}

),

-- Money counts as it counts for the tasks, by the same rows (凭证、汇率、流转前归原单位).
money as (

    select
        indicator,
        unit_name,
        lead_id,
        fact_date as event_date,
        fact_value as amount
    from {{ ref('fct_task_facts') }}
    where indicator in ('到位资金', '固定资产投资', '实际使用外资') and not_counted_reason is null and {{ by_the_day('known_date') }}

),

trips as (

    select
        names.unit_name,
        trips.start_date
    from {{ ref('stg_ledger__trips_events') }} as trips
    inner join {{ ref('int_unit__names') }} as names
        on {{ name_form('trips.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where trips.event_kind = '外出招商' and {{ by_the_day('greatest(trips.start_date, coalesce(trips.end_date, trips.start_date))') }}

),

events as (

    select '新增线索数' as indicator, reported_unit_name as unit_name, lead_id, reported_date as event_date, 1.0 as amount
    from progress
    where reported_date is not null
    union all
    select '填报次数', unit_name, lead_id, recorded_date, 1.0 from follow_ups where recorded_date is not null
    union all
    select '填报次数', unit_name, lead_id, recorded_date, 1.0 from moves where recorded_date is not null
    union all
    select '跟进次数', unit_name, lead_id, follow_up_date, 1.0 from follow_ups
    union all
    select '走访次数', unit_name, lead_id, follow_up_date, 1.0 from follow_ups where is_in_person
    union all
    select '进展更新次数', unit_name, lead_id, moved_date, 1.0 from moves
    union all
    select '外出招商次数', unit_name, null, start_date, 1.0 from trips
    union all
    select '新签约项目数', signed_unit_name, lead_id, signed_date, 1.0 from progress where is_counted_signing
    union all
    select '签约金额', signed_unit_name, lead_id, signed_date, investment_wan_cny from progress where is_counted_signing
    union all
    select '新开工项目数', started_unit_name, lead_id, started_date, 1.0 from progress where started_date is not null
    union all
    select '开工金额', started_unit_name, lead_id, started_date, investment_wan_cny from progress where started_date is not null
    union all
    select '新投产项目数', operation_unit_name, lead_id, operation_date, 1.0 from progress where operation_date is not null
    union all
    select indicator, unit_name, lead_id, event_date, amount from money

),

-- An expansion (增资扩产) is no new recruitment where the task's indicator says so; 开工金额 goes with 新开工项目数.
left_out as (

    select
        kinds.lead_id,
        tasks.indicator
    from {{ ref('int_lead__recruit_kind') }} as kinds
    inner join {{ source('office', 'indicators') }} as tasks on kinds.is_expansion and tasks.leaves_out_expansions

),

counted as (

    select events.*
    from events
    anti join left_out
        on events.lead_id = left_out.lead_id
        and left_out.indicator = case events.indicator when '开工金额' then '新开工项目数' else events.indicator end

),

started_leads as (

    select lead_id from progress where started_date is not null

),

monthly as (

    select
        counted.indicator,
        counted.unit_name,
        cast(date_trunc('month', counted.event_date) as date) as month_date,
        {{ money_sum('counted.amount') }} as amount,
        {{ money_sum('counted.amount', 'started_leads.lead_id is not null') }} as started_amount
    from counted
    left join started_leads on counted.lead_id = started_leads.lead_id
    group by 1, 2, 3

),

months as (

    select cast(unnest(generate_series(
        (select coalesce(min(month_date), date_trunc('month', {{ as_of }})) from monthly),
        date_trunc('month', {{ as_of }}), interval 1 month
    )) as date) as month_date

)

select
    units.unit_name,
    units.unit_type,
    indicators.indicator,
    cast(indicators.indicator_order as bigint) as indicator_order,
    indicators.measure,
    months.month_date,
    case when indicators.is_told then coalesce(monthly.amount, 0) end as indicator_value,
    case when indicators.is_told and indicators.indicator != '外出招商次数' then coalesce(monthly.started_amount, 0) end as started_value,
    {{ as_of }} as as_of_date
from {{ ref('dim_units') }} as units
cross join indicators
cross join months
left join monthly
    on units.unit_name = monthly.unit_name
    and indicators.indicator = monthly.indicator
    and months.month_date = monthly.month_date
