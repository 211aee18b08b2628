-- 龙头、关键企业 from elsewhere that show they are growing, or stand on a list: evidence with its age, whether anyone follows them.
{% set day = as_of_date() %}
with {{ rules_row(['evidence_fresh_days'], day) }},

-- Only what counts as expansion: weak signs alone (招聘) make no target.
signals as (

    select
        name_form,
        min(enterprise_name) as enterprise_name,
        cast(sum(signal_count) as bigint) as signal_count,
        count(*) as signal_kind_count,
        string_agg(signal_kind || '（' || grade || '级）', '、' order by signal_kind) as signal_kinds,
        max(firm_strength) as expansion_strength,
        min(verdict_text) as expansion_text,
        max(latest_date) as latest_date,
        arg_max(latest_text, (latest_date, latest_text)) as latest_text,
        arg_max(latest_source, (latest_date, latest_text)) as latest_source
    from {{ ref('brd_enterprise__signals') }}
    where is_expansion
    group by name_form

),

lists as (

    select
        {{ name_form('enterprise_name') }} as name_form,
        min(enterprise_name) as enterprise_name,
        string_agg(list_text, '、' order by list_text) as list_text,
        min(group_name) as group_name
    from {{ ref('fct_list_entries') }}
    where is_latest_edition and coalesce({{ by_the_day('published_date') }}, true)
    group by 1

),

leads as (

    select
        {{ name_form('enterprise_name') }} as name_form,
        string_agg(distinct unit_name, '、' order by unit_name) as following_units
    from {{ ref('dim_leads') }}
    where is_open and {{ reported_by('reported_date') }}
    group by 1

),

ties as (

    select
        name_form,
        string_agg(tie_text, '；' order by tie_text) as tie_text
    from {{ ref('int_enterprise__ties') }}
    group by name_form

)

select
    coalesce(signals.enterprise_name, lists.enterprise_name) as enterprise_name,
    named.enterprise_key,
    named.match_by,
    coalesce(signals.signal_count, 0) as signal_count,
    coalesce(signals.signal_kind_count, 0) as signal_kind_count,
    signals.signal_kinds,
    signals.expansion_strength,
    signals.expansion_text,
    signals.latest_date,
    cast(date_diff('day', signals.latest_date, {{ day }}) as bigint) as evidence_age_days,
    coalesce(date_diff('day', signals.latest_date, {{ day }}) <= rules.evidence_fresh_days, false) as is_evidence_fresh,
    signals.latest_text,
    signals.latest_source,
    lists.list_text,
    lists.group_name,
    ties.tie_text,
    leads.following_units,
    {{ day }} as as_of_date
from signals
full outer join lists on signals.name_form = lists.name_form
cross join rules
left join {{ ref('int_enterprise__named') }} as named on coalesce(signals.name_form, lists.name_form) = named.name_form
left join {{ ref('stg_ledger__local_enterprises') }} as local_firms on named.enterprise_key = local_firms.uscc
left join leads on coalesce(signals.name_form, lists.name_form) = leads.name_form
left join ties on coalesce(signals.name_form, lists.name_form) = ties.name_form
left join {{ ref('brd_screen__enterprises') }} as screens on coalesce(signals.name_form, lists.name_form) = screens.name_form
where local_firms.uscc is null
    and not coalesce(named.is_local_in_register, false)
    and coalesce(screens.screen_result, '') != '禁止'
