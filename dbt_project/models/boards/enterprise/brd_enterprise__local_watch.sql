-- Local firms that may expand or leave (增资扩产、外迁预警), as known by the day. Expansions stand apart from new recruitment; the lead time is
-- what lay between the first sign of trouble and the sign of leaving, or the days since.
{% set day = as_of_date() %}
with signals as (

    select
        named.enterprise_key,
        signals.signal_kind,
        signals.signal_date,
        signals.signal_text,
        kinds.meaning
    from {{ ref('stg_ledger__enterprise_signals') }} as signals
    inner join {{ source('office', 'signal_kinds') }} as kinds on signals.signal_kind = kinds.signal_kind
    inner join {{ ref('int_enterprise__named') }} as named on {{ name_form('signals.enterprise_name') }} = named.name_form
    where {{ by_the_day('signals.signal_date') }}

),

of_firms as (

    select
        enterprise_key,
        count(*) filter (where meaning = '扩张') as expansion_signal_count,
        max(signal_date) filter (where meaning = '扩张') as expansion_date,
        arg_max(signal_text, (signal_date, signal_text)) filter (where meaning = '扩张') as expansion_signal_text,
        count(*) filter (where meaning in ('风险', '外迁')) as risk_signal_count,
        count(distinct signal_kind) filter (where meaning in ('风险', '外迁')) as risk_kind_count,
        string_agg(distinct signal_kind, '、' order by signal_kind) filter (where meaning in ('风险', '外迁')) as risk_kinds,
        min(signal_date) filter (where meaning in ('风险', '外迁')) as first_risk_date,
        max(signal_date) filter (where meaning in ('风险', '外迁')) as latest_risk_date,
        arg_max(signal_text, (signal_date, signal_text)) filter (where meaning in ('风险', '外迁')) as latest_risk_text,
        min(signal_date) filter (where meaning = '外迁') as leaving_date
    from signals
    group by enterprise_key

),

-- Whether the signs of growth count as expansion, by their grades and age.
graded as (

    select
        named.enterprise_key,
        bool_or(signs.is_expansion) as is_expansion,
        bool_or(signs.is_confirmed) as is_confirmed,
        string_agg(signs.signal_kind || '（' || signs.grade || '级）', '、' order by signs.signal_kind) as signal_kinds
    from {{ ref('brd_enterprise__signals') }} as signs
    inner join {{ ref('int_enterprise__named') }} as named on signs.name_form = named.name_form
    group by named.enterprise_key

),

expansion_leads as (

    select
        leads.uscc,
        count(*) as lead_count,
        string_agg(leads.project_name, '、' order by leads.lead_id) as lead_names
    from {{ ref('dim_leads_in_chains') }} as chain
    inner join {{ ref('dim_leads') }} as leads on chain.lead_id = leads.lead_id
    where chain.recruit_kind = '增资扩产' and {{ reported_by('leads.reported_date') }}
    group by leads.uscc

),

requests as (

    select
        uscc,
        count(*) as open_request_count
    from {{ ref('stg_ledger__enterprise_requests') }}
    where {{ by_the_day('received_date') }} and coalesce(not {{ by_the_day('closed_date') }}, true)
    group by uscc

)

select
    firms.uscc,
    firms.enterprise_name,
    coalesce(unit_names.unit_name, firms.written_unit_name) as unit_name,
    firms.care_level,
    firms.chain_name,
    firms.expansion_text,
    coalesce(of_firms.expansion_signal_count, 0) as expansion_signal_count,
    of_firms.expansion_date,
    of_firms.expansion_signal_text,
    coalesce(expansion_leads.lead_count, 0) as expansion_lead_count,
    expansion_leads.lead_names as expansion_lead_names,
    case
        when expansion_leads.lead_count > 0 then '已立增资扩产线索，不计入新引进'
        when graded.is_confirmed then '已确认扩产，尚无线索'
        when firms.expansion_text is not null or graded.is_expansion then '有扩产意向，尚无线索'
        when graded.signal_kinds is not null then '迹象弱，不算扩产意向：' || graded.signal_kinds
    end as expansion_state,
    coalesce(of_firms.risk_signal_count, 0) as risk_signal_count,
    coalesce(of_firms.risk_kind_count, 0) as risk_kind_count,
    of_firms.risk_kinds,
    of_firms.first_risk_date,
    of_firms.latest_risk_date,
    of_firms.latest_risk_text,
    of_firms.leaving_date,
    case
        when of_firms.leaving_date is not null
            then cast(date_diff('day', of_firms.first_risk_date, of_firms.leaving_date) as bigint)
    end as warning_lead_days,
    cast(date_diff('day', of_firms.first_risk_date, {{ day }}) as bigint) as days_since_first_risk,
    coalesce(requests.open_request_count, 0) as open_request_count,
    {{ day }} as as_of_date
from {{ ref('stg_ledger__local_enterprises') }} as firms
left join {{ ref('int_unit__names') }} as unit_names
    on {{ name_form('firms.written_unit_name') }} = unit_names.name_form and not unit_names.is_ambiguous
left join of_firms on firms.uscc = of_firms.enterprise_key
left join graded on firms.uscc = graded.enterprise_key
left join expansion_leads on firms.uscc = expansion_leads.uscc
left join requests on firms.uscc = requests.uscc
