-- Everything that can count for an indicator (任务指标), dated, with the evidence that makes it count and the reason why it
-- doesn't. A project reaches a stage once: readers take the first day of each fact_key that was known before their day. A row
-- that is the first on no day (an earlier one was known no later) says so.
with leads as (

    select * from {{ ref('dim_leads') }}

),

moves as (

    select * from {{ ref('fct_stage_moves') }}

),

-- One stated dollar rate a month, or none: two different ones are told, not chosen between.
dollar_rates as (

    select
        date_trunc('month', rate_month_date) as rate_month,
        min(cny_per_unit) as cny_per_usd,
        count(distinct cny_per_unit) as rate_count,
        string_agg(distinct rate_source, '、' order by rate_source) as rate_sources
    from {{ ref('stg_ledger__exchange_rates') }}
    where currency = 'USD' and cny_per_unit > 0
    group by rate_month

),

progress as (

    select
        progress.*,
        dollar_rates.cny_per_usd,
        dollar_rates.rate_count
    from {{ ref('int_project__months') }} as progress
    left join dollar_rates on date_trunc('month', progress.period_date) = dollar_rates.rate_month

),

commitments as (

    select
        lead_id,
        agreed_contract_no,
        agreed_date,
        start_due_date
    from {{ ref('stg_ledger__project_commitments') }}
    where start_due_date is not null
    qualify row_number() over (partition by lead_id order by agreed_date desc, agreed_contract_no desc) = 1

),

-- What each move shows of the stages that tasks ask for: its own, and with evidence those before it. Of what a later move shows, only
-- what no earlier one had told by then is a fact.
asked_stages as (

    select
        stage,
        min(stage_order) as stage_order
    from {{ source('office', 'stage_rules') }}
    where stage in (select indicators.stage from {{ source('office', 'indicators') }} as indicators)
    group by stage

),

shown as (

    select
        moves.*,
        asked_stages.stage as shown_stage,
        moves.stage = asked_stages.stage as is_own,
        moves.has_required_evidence and coalesce(
            min(moves.known_date) filter (where moves.has_required_evidence) over (
                partition by moves.lead_id, asked_stages.stage
                order by moves.moved_date, moves.stage_order
                rows between unbounded preceding and 1 preceding
            ) <= moves.known_date, false
        ) as is_told_already
    from moves
    inner join asked_stages
        on moves.stage = asked_stages.stage
        or (moves.has_required_evidence and {{ reached(none, 'moves.stage_order', rank='asked_stages.stage_order') }})

),

stage_facts as (

    select *
    from shown
    where is_own or not is_told_already
    qualify row_number() over (
        partition by lead_id, shown_stage, moved_date order by has_required_evidence desc, is_own desc, known_date
    ) = 1

),

counted_moves as (

    select * from moves where has_required_evidence

),

{{ lead_courses('counted_moves') }},

-- From when to when a lead was open: until it was lost, and again from when it came back (重启), as the office knew of it.
reopenings as (

    select
        *,
        count(*) filter (where is_reopening) over (
            partition by lead_id order by moved_date, stage_order rows between unbounded preceding and current row
        ) as reopening_no
    from (
        select
            *,
            stage != '终止' and coalesce(
                lag(stage) over (partition by lead_id order by moved_date, stage_order) = '终止', false
            ) as is_reopening
        from counted_moves
    ) as in_order

),

open_spans as (

    select
        leads.lead_id,
        coalesce(reopenings.reopening_no, 0) as span_no,
        max(reopenings.known_date) filter (where reopenings.is_reopening) as from_date,
        min(reopenings.known_date) filter (where reopenings.stage = '终止') as until_date
    from leads
    left join reopenings on leads.lead_id = reopenings.lead_id
    group by leads.lead_id, coalesce(reopenings.reopening_no, 0)

),

-- From when to when it was signed and followed up: until it was lost or went back to talks.
signed_spans as (

    select
        lead_id,
        row_number() over (partition by lead_id order by course_no) - 1 as span_no,
        from_date,
        least(lost_date, next_course_date) as until_date
    from (
        select
            lead_id,
            course_no,
            min(known_date) filter (where {{ reached('签约') }}) as from_date,
            min(known_date) filter (where stage = '终止') as lost_date,
            lead(arg_min(known_date, (moved_date, stage_order))) over (
                partition by lead_id order by course_no
            ) as next_course_date
        from numbered_moves
        group by lead_id, course_no
    ) as of_courses
    where from_date is not null

),

started as (

    select
        lead_id,
        min(known_date) as until_date
    from moves
    where has_required_evidence and {{ reached('开工') }}
    group by lead_id

),

-- The reserve is left by the stage that its indicator names.
left_reserve as (

    select
        moves.lead_id,
        min(moves.known_date) as until_date
    from moves
    inner join (
        select max(rules.stage_order) as until_order
        from {{ source('office', 'indicators') }} as indicators
        inner join {{ source('office', 'stage_rules') }} as rules on indicators.until_stage = rules.stage
        where indicators.counted_by = '储备'
    ) as limits on {{ reached(none, 'moves.stage_order', rank='limits.until_order') }}
    where moves.has_required_evidence
    group by moves.lead_id

),

stocks as (

    select
        '储备' as counted_by,
        leads.lead_id,
        spans.span_no,
        greatest(leads.reported_date, spans.from_date) as first_date,
        least(left_reserve.until_date, spans.until_date) as until_date,
        cast(null as varchar) as evidence_no,
        case when leads.investment_wan_cny is null then '未计入：未填总投资' end as not_counted_reason,
        '线索台账' as ledger_name
    from leads
    inner join open_spans as spans on leads.lead_id = spans.lead_id
    left join left_reserve on leads.lead_id = left_reserve.lead_id
    where leads.reported_date is not null

    union all

    -- Signed and over the agreed start (超时限未开工): from the day after it was due until it started, was lost or went back to talks.
    select
        '超时限未开工',
        leads.lead_id,
        spans.span_no,
        greatest(commitments.start_due_date + 1, commitments.agreed_date, spans.from_date),
        least(started.until_date, spans.until_date),
        commitments.agreed_contract_no,
        null,
        '项目约定'
    from commitments
    inner join leads on commitments.lead_id = leads.lead_id
    inner join signed_spans as spans on commitments.lead_id = spans.lead_id
    left join started on leads.lead_id = started.lead_id

),

facts as (

    select
        '报备' as counted_by,
        null as stage,
        lead_id as fact_key,
        lead_id,
        reported_date as fact_date,
        reported_date as known_date,
        cast(null as date) as until_date,
        1.0 as fact_value,
        null as evidence_kind,
        null as evidence_no,
        cast(null as varchar) as not_counted_reason,
        '线索台账' as ledger_name
    from leads
    where reported_date is not null  -- what has no day belongs to no year

    union all

    select
        counts.counted_by,
        moves.shown_stage,
        moves.lead_id,
        moves.lead_id,
        moves.moved_date,
        moves.known_date,
        null,
        case when counts.counted_by = '阶段个数' then 1.0 else leads.investment_wan_cny end,
        moves.evidence_kind,
        moves.evidence_no,
        case
            when not moves.has_required_evidence then moves.not_counted_reason
            when moves.shown_stage = '签约' and not signings.is_counted
                then '未计入：与' || signings.previous_lead_id || '重复签约，只计第一次'
            when counts.counted_by = '阶段金额' and leads.investment_wan_cny is null then '未计入：未填总投资'
        end,
        '项目进展'
    from stage_facts as moves
    inner join leads on moves.lead_id = leads.lead_id
    left join {{ ref('fct_signings') }} as signings on moves.lead_id = signings.lead_id
    cross join (values ('阶段个数'), ('阶段金额')) as counts (counted_by)

    union all

    select
        amounts.counted_by,
        null,
        concat_ws('｜', progress.lead_id, progress.period_date),
        progress.lead_id,
        progress.period_date,
        progress.known_date,
        null,
        case amounts.counted_by
            when '到位资金' then progress.month_paid_in_wan_cny
            when '固定资产投资' then progress.month_fixed_investment_wan_cny
            -- Written in dollars: what was written. Written in yuan: by the month's one stated rate.
            when '实际使用外资' then progress.paid_in_fdi_wan_cny / case
                when progress.paid_in_fdi_currency = 'USD' then progress.paid_in_fdi_rate
                when progress.rate_count = 1 then progress.cny_per_usd
            end
        end,
        progress.evidence_kind,
        progress.evidence_no,
        case
            when amounts.counted_by = '实际使用外资' and progress.paid_in_fdi_currency is distinct from 'USD'
                then case
                    when progress.rate_count > 1 then '未计入：当月有' || progress.rate_count || '个美元汇率，请先确定用哪一个'
                    when progress.rate_count is null then '未计入：当月没有美元汇率'
                end
        end,
        '到资与建设进度'
    from progress
    inner join leads on progress.lead_id = leads.lead_id
    cross join (values ('到位资金'), ('固定资产投资'), ('实际使用外资')) as amounts (counted_by)
    where case amounts.counted_by
        when '到位资金' then progress.month_paid_in_wan_cny
        when '固定资产投资' then progress.month_fixed_investment_wan_cny
        else progress.paid_in_fdi_wan_cny
    end is not null

    union all

    -- A stock counts until the project leaves it.
    select
        counted_by,
        null,
        lead_id || case when span_no > 0 then '｜第' || (span_no + 1) || '次' else '' end,
        lead_id,
        first_date,
        first_date,
        until_date,
        1.0,
        null,
        evidence_no,
        not_counted_reason,
        ledger_name
    from stocks
    where coalesce(until_date > first_date, true)

),

trips as (

    select
        trips.event_id,
        trips.start_date,
        greatest(trips.start_date, coalesce(trips.end_date, trips.start_date)) as known_date,
        names.unit_name
    from {{ ref('stg_ledger__trips_events') }} as trips
    inner join {{ ref('int_unit__names') }} as names
        on {{ name_form('trips.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where trips.event_kind = '外出招商'

),

counting_units as (

    select
        units.unit_name,
        units.unit_type,
        coalesce(written.is_lead_department, false) as is_lead_department
    from {{ ref('dim_units') }} as units
    left join {{ ref('stg_ledger__units') }} as written on units.unit_name = written.unit_name

),

judged as (

    select
        indicators.indicator,
        facts.fact_key,
        facts.fact_date,
        facts.known_date,
        facts.until_date,
        -- A lead that was handed over: the unit that had it on that day.
        coalesce(transfers.from_unit_name, leads.unit_name) as unit_name,
        facts.lead_id,
        leads.project_name,
        leads.investment_wan_cny,
        indicators.measure,
        -- As decimals: a sum of doubles would depend on the order of the rows.
        cast({{ in_measure('facts.fact_value', "'万元'", 'indicators.measure') }} as decimal(18, 4)) as fact_value,
        facts.evidence_kind,
        facts.evidence_no,
        coalesce(
            facts.not_counted_reason,
            case
                when indicators.evidence_kinds is not null and facts.fact_value > 0 and not coalesce(
                    list_bool_or(list_transform(
                        string_split(indicators.evidence_kinds, '、'), lambda kind: contains(facts.evidence_kind, kind)
                    )), false
                ) then '未计入：缺少到资凭证，应有' || replace(indicators.evidence_kinds, '、', '或')
                when indicators.leaves_out_expansions and kinds.is_expansion
                    then '未计入：增资扩产（' || kinds.recruit_basis || '），与新引进分开计'
                when indicators.min_investment_wan_cny is not null and leads.investment_wan_cny is null
                    then '未计入：未填总投资'
                when leads.investment_wan_cny < indicators.min_investment_wan_cny
                    then '未计入：总投资不足' || {{ number_text('indicators.min_investment_wan_cny') }} || '万元'
                when not {{ counts_for_unit('indicators.applies_to', 'counting_units') }}
                    then '未计入：只计' || indicators.applies_to
            end
        ) as not_counted_reason,
        facts.ledger_name
    from facts
    inner join {{ source('office', 'indicators') }} as indicators
        on facts.counted_by = indicators.counted_by and (indicators.stage is null or facts.stage = indicators.stage)
    inner join leads on facts.lead_id = leads.lead_id
    inner join {{ ref('int_lead__recruit_kind') }} as kinds on facts.lead_id = kinds.lead_id
    asof left join {{ ref('fct_lead_givers') }} as transfers
        on facts.lead_id = transfers.lead_id and facts.fact_date < transfers.transferred_date
    left join counting_units on coalesce(transfers.from_unit_name, leads.unit_name) = counting_units.unit_name

)

select
    * replace (
        coalesce(
            not_counted_reason,
            case
                when min(known_date) filter (where not_counted_reason is null) over (
                    partition by indicator, fact_key
                    order by fact_date, known_date
                    rows between unbounded preceding and 1 preceding
                ) <= known_date then '未计入：此前已计入，同一项目只计一次'
            end
        ) as not_counted_reason
    )
from judged

union all

select
    indicators.indicator,
    trips.event_id as fact_key,
    trips.start_date as fact_date,
    trips.known_date,
    null as until_date,
    trips.unit_name,
    null as lead_id,
    null as project_name,
    null as investment_wan_cny,
    indicators.measure,
    cast(1 as decimal(18, 4)) as fact_value,
    null as evidence_kind,
    null as evidence_no,
    case when not {{ counts_for_unit('indicators.applies_to', 'counting_units') }} then '未计入：只计' || indicators.applies_to end
        as not_counted_reason,
    '外出招商与活动' as ledger_name
from trips
inner join {{ source('office', 'indicators') }} as indicators on indicators.counted_by = '外出招商'
left join counting_units on trips.unit_name = counting_units.unit_name
