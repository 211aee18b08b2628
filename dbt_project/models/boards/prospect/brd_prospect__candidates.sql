-- The best firms of every node that nobody follows, three times as many as are listed, with what speaks for and against each. Those that may
-- not be listed keep their reason (筛查禁止、已有线索), so that nothing is left out silently. Names are fetched only for these.
{% set day = as_of_date() %}
with {{ rules_row(['evidence_fresh_days'], day) }},

followed as (

    select enterprise_key from {{ ref('int_lead__enterprise') }}
    union
    select uscc from {{ ref('dim_leads') }} where uscc is not null
    union
    select uscc from {{ ref('stg_ledger__local_enterprises') }}

),

signals as (

    select
        named.enterprise_key,
        max(signals.latest_date) as growth_date,
        string_agg(distinct signals.signal_kind, '、' order by signals.signal_kind) as growth_kinds,
        arg_max(signals.latest_text, (signals.latest_date, signals.latest_text)) as growth_text
    from {{ ref('brd_enterprise__signals') }} as signals
    inner join {{ ref('int_enterprise__named') }} as named on signals.name_form = named.name_form
    cross join rules
    where signals.is_expansion
        and signals.latest_date >= {{ day }} - cast(rules.evidence_fresh_days as integer)
        and named.enterprise_key is not null
    group by named.enterprise_key

),

lists as (

    select
        enterprise_key,
        string_agg(list_text, '、' order by list_text) as list_text,
        min(group_name) as group_name
    from {{ ref('fct_list_entries') }}
    where enterprise_key is not null and is_latest_edition and coalesce({{ by_the_day('published_date') }}, true)
    group by enterprise_key

),

ties as (

    select
        enterprise_key,
        string_agg(tie_text, '；' order by tie_text) as tie_text
    from {{ ref('int_enterprise__ties') }}
    where enterprise_key is not null
    group by enterprise_key

),

noted as (

    select
        keys.enterprise_key,
        signals.growth_date,
        signals.growth_kinds,
        signals.growth_text,
        lists.list_text,
        lists.group_name,
        ties.tie_text,
        if(signals.enterprise_key is null, 0, 1) + if(lists.enterprise_key is null, 0, 1)
        + if(ties.enterprise_key is null, 0, 1) as evidence_count
    from (
        select enterprise_key from signals
        union
        select enterprise_key from lists
        union
        select enterprise_key from ties
    ) as keys
    left join signals on keys.enterprise_key = signals.enterprise_key
    left join lists on keys.enterprise_key = lists.enterprise_key
    left join ties on keys.enterprise_key = ties.enterprise_key

),

candidates as (

    select
        matched.enterprise_key,
        matched.node_id,
        matched.matched_digits,
        matched.matched_word_count,
        matched.matched_words,
        matched.registered_capital_wan_cny,
        matched.source_row,
        coalesce(noted.evidence_count, 0) as evidence_count
    from {{ ref('int_enterprise__chain_nodes') }} as matched
    anti join followed on matched.enterprise_key = followed.enterprise_key
    left join noted on matched.enterprise_key = noted.enterprise_key
    where not matched.is_local
        and not matched.is_struck_off
        and (matched.name_kind is null or (matched.name_kind = '贸易' and matched.matched_digits >= 3))

),

{{ fit_of_matches('candidates') }},

best as (

    select
        *,
        row_number() over (
            partition by node_id
            order by chain_fit desc, evidence_count desc, registered_capital_wan_cny desc nulls last, enterprise_key
        ) as candidate_rank
    from fitted
    qualify candidate_rank <= 3 * {{ var('prospects_per_node') }}

),

-- The key of a row of the register is its place: a join on numbers, straight on the landed rows, which were all judged before.
firms as (

    select
        landed.source_row,
        best_rows.enterprise_key,
        landed.enterprise_name,
        {{ name_form('landed.enterprise_name') }} as name_form,
        landed.uscc,
        landed.registration_no,
        landed.province_name,
        landed.city_name,
        landed.established_date,
        landed.enterprise_type,
        landed.business_scope,
        landed.industry_code,
        landed.employee_count,
        landed.status
    from {{ ref('stg_register__landed_rows') }} as landed
    inner join (select distinct source_row, enterprise_key from best) as best_rows on landed.source_row = best_rows.source_row

),

{{ screened_firms('firms', 'enterprise_key', day) }},

gap as (

    select string_agg(gap_text, '；' order by catalogue_name) as gap_text
    from {{ ref('brd_screen__catalogues') }}
    where applies_to = '全部'

),

lead_names as (

    select distinct {{ name_form('enterprise_name') }} as name_form
    from {{ ref('dim_leads') }}

),

needs as (

    select
        node_id,
        string_agg(need_id || '：' || need_text, '；' order by need_rank) as need_text
    from {{ ref('fct_chain_needs') }}
    where node_id is not null and need_status != '已有线索对接' and coalesce({{ by_the_day('asked_date') }}, true)
    group by node_id

)

select
    best.chain_id,
    best.chain_name,
    best.node_id,
    best.node_name,
    best.gap_class,
    best.node_order,
    best.candidate_rank,
    case
        when screens.is_forbidden then '筛查为禁止：' || screens.screen_text
        when lead_names.name_form is not null then '同名企业已有线索'
    end as excluded_reason,
    case
        when screens.is_forbidden then '禁止'
        when screens.is_doubtful then '疑似'
        when gap.gap_text is not null then '无法判断'
        else '通过'
    end as screen_result,
    coalesce(screens.screen_text, gap.gap_text) as screen_text,
    firms.enterprise_key,
    firms.enterprise_name,
    firms.uscc,
    firms.registration_no,
    firms.province_name,
    firms.city_name,
    firms.established_date,
    cast(date_diff('year', firms.established_date, {{ day }}) as bigint) as age_years,
    best.registered_capital_wan_cny,
    cast(firms.employee_count as bigint) as employee_count,
    firms.industry_code,
    firms.status,
    best.chain_fit as fit,
    best.industry_code_points,
    best.product_word_points,
    best.gap_class_points,
    best.key_node_points,
    best.local_suppliers_points,
    best.local_customers_points,
    best.local_leader_points,
    best.matched_words,
    best.fit_confidence,
    best.evidence_count,
    noted.growth_date,
    cast(date_diff('day', noted.growth_date, {{ day }}) as bigint) as growth_age_days,
    noted.growth_kinds || '（' || strftime(noted.growth_date, '%Y-%m-%d') || '）：' || noted.growth_text as growth_text,
    noted.list_text,
    noted.group_name,
    noted.tie_text,
    headquarters.headquarters_kind,
    needs.need_text,
    concat_ws(
        '；',
        best.gap_class_label,
        best.key_node_label,
        '命中产品词：' || best.matched_words,
        best.industry_code_label,
        best.local_customers_label,
        best.local_suppliers_label,
        best.local_leader_label,
        case when best.matched_digits < 2 then '仅凭产品词，行业代码未核实' end
    ) as reason_text,
    {{ day }} as as_of_date
from best
inner join firms on best.source_row = firms.source_row
cross join gap
left join noted on best.enterprise_key = noted.enterprise_key
left join screens on best.enterprise_key = screens.subject_key
left join lead_names on firms.name_form = lead_names.name_form
left join {{ ref('brd_prospect__headquarters') }} as headquarters on firms.enterprise_key = headquarters.enterprise_key
left join needs on best.node_id = needs.node_id
