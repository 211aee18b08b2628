-- Signs of expansion by firm and kind (扩张证据), graded 1 to 6 by the office's table (signal_kinds; 6 is confirmed) and fading with
-- its half-life: of each kind the strongest counts, kinds add up. Recruiting alone (招聘) is below what counts as expansion.
{% set day = as_of_date() %}
with {{ rules_row(['expansion_least_strength'], day) }},

known as (

    select
        {{ name_form('signals.enterprise_name') }} as name_form,
        signals.enterprise_name,
        signals.signal_kind,
        signals.signal_date,
        signals.signal_text,
        signals.source_text,
        kinds.grade,
        kinds.half_life_days,
        cast(date_diff('day', signals.signal_date, {{ day }}) as bigint) as age_days
    from {{ ref('stg_ledger__enterprise_signals') }} as signals
    inner join {{ source('office', 'signal_kinds') }} as kinds on signals.signal_kind = kinds.signal_kind and kinds.meaning = '扩张'
    where {{ by_the_day('signals.signal_date') }}

),

-- Within a kind grade and half-life are one: the latest is the strongest.
by_kind as (

    select
        name_form,
        signal_kind,
        min(enterprise_name) as enterprise_name,
        count(*) as signal_count,
        max(signal_date) as latest_date,
        arg_max(signal_text, (signal_date, signal_text)) as latest_text,
        arg_max(source_text, (signal_date, signal_text)) as latest_source,
        min(grade) as grade,
        min(half_life_days) as half_life_days,
        min(age_days) as age_days,
        round(min(grade) * power(0.5, min(age_days) / cast(min(half_life_days) as double)), 2) as strength
    from known
    group by name_form, signal_kind

),

firms as (

    select
        name_form,
        cast(sum(cast(strength as decimal(18, 2))) as double) as firm_strength,
        -- A confirmation holds for its half-life, then it fades like any other sign.
        bool_or(grade = 6 and age_days <= half_life_days) as is_confirmed
    from by_kind
    group by name_form

)

select
    by_kind.name_form,
    by_kind.enterprise_name,
    by_kind.signal_kind,
    by_kind.grade,
    by_kind.half_life_days,
    by_kind.signal_count,
    by_kind.latest_date,
    by_kind.age_days,
    by_kind.strength,
    by_kind.latest_source,
    by_kind.latest_text,
    firms.firm_strength,
    firms.is_confirmed,
    firms.is_confirmed or coalesce(firms.firm_strength >= rules.expansion_least_strength, false) as is_expansion,
    case
        when firms.is_confirmed then '已确认'
        when firms.firm_strength >= rules.expansion_least_strength then '有扩张证据'
        else '迹象弱，不算扩张'
    end as verdict_text,
    {{ day }} as as_of_date
from by_kind
inner join firms on by_kind.name_form = firms.name_form
cross join rules
