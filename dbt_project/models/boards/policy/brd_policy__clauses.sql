-- Every clause of signed agreements and 一企一策, as promised and as kept before the day, with what the law scanner says of it. A contract
-- without clauses of its own stands here with its package (约定支持事项) as one clause.
{% set day = as_of_date() %}
with written as (

    select
        '承诺条款台账' as ledger_name,
        agreement_no,
        clause_no,
        promised_date,
        lead_id,
        subject_name,
        promised_by,
        clause_text,
        promised_wan_cny,
        case when coalesce({{ by_the_day('paid_until_date') }}, true) then paid_wan_cny end as paid_wan_cny,
        due_date,
        case when {{ by_the_day('kept_date') }} then kept_date end as kept_date,
        written_unit_name,
        disposal,
        case when {{ by_the_day('disposed_date') }} then disposed_date end as disposed_date,
        record_text
    from {{ ref('stg_ledger__promise_clauses') }}
    where {{ by_the_day('promised_date') }}

),

packages as (

    select
        '项目约定' as ledger_name,
        agreed_contract_no as agreement_no,
        '约定支持事项' || '（' || lead_id || '）' as clause_no,
        agreed_date as promised_date,
        lead_id,
        project_name as subject_name,
        '政府' as promised_by,
        package_text as clause_text,
        cast(null as double) as promised_wan_cny,
        cast(null as double) as paid_wan_cny,
        cast(null as date) as due_date,
        cast(null as date) as kept_date,
        cast(null as varchar) as written_unit_name,
        cast(null as varchar) as disposal,
        cast(null as date) as disposed_date,
        cast(null as varchar) as record_text
    from {{ ref('stg_ledger__project_commitments') }}
    where
        {{ by_the_day('agreed_date') }} and package_text is not null
        and agreed_contract_no not in (select agreement_no from written)

),

clauses as (

    select * from written
    union all
    select * from packages

),

findings as (

    select
        text,
        case
            when count(*) filter (where {{ by_the_day('valid_from_date') }} and verdict = '停止') > 0 then '停止'
            when count(*) filter (where {{ by_the_day('valid_from_date') }} and verdict = '需审查') > 0 then '需审查'
            when count(*) filter (where {{ by_the_day('valid_from_date') }} and verdict is not null) > 0 then '提示'
            else '未发现，仍须公平竞争审查'
        end as law_verdict,
        string_agg(distinct rule_kind, '、' order by rule_kind) filter (where {{ by_the_day('valid_from_date') }}) as rule_kinds,
        string_agg(distinct article, '；' order by article) filter (where {{ by_the_day('valid_from_date') }}) as articles,
        bool_and(is_verified) filter (where {{ by_the_day('valid_from_date') }}) as is_verified
    from {{ ref('stg_law__text_findings') }}
    group by text

),

judged as (

    select
        clauses.*,
        coalesce(names.unit_name, clauses.written_unit_name, leads.unit_name, '全区') as unit_name,
        coalesce(findings.law_verdict, '未经扫描（需审查）') as law_verdict,
        findings.rule_kinds,
        findings.articles,
        findings.is_verified,
        clauses.promised_by = '政府' and coalesce(findings.law_verdict, '') = '停止' as is_to_stop
    from clauses
    left join findings on clauses.clause_text = findings.text
    left join {{ ref('brd_lead__standing') }} as leads on clauses.lead_id = leads.lead_id
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('clauses.written_unit_name') }} = names.name_form and not names.is_ambiguous

)

select
    agreement_no,
    clause_no,
    ledger_name,
    lead_id,
    subject_name,
    unit_name,
    promised_by,
    promised_date,
    clause_text,
    law_verdict,
    rule_kinds,
    articles,
    case when rule_kinds is null then null when is_verified then '已核实' else '未核实' end as verified_text,
    is_to_stop,
    promised_wan_cny,
    paid_wan_cny,
    -- What is still due of an unlawful clause is what must not be paid any more.
    case when kept_date is null and promised_wan_cny is not null then greatest(promised_wan_cny - coalesce(paid_wan_cny, 0), 0) end as still_due_wan_cny,
    due_date,
    kept_date,
    case
        when is_to_stop then null
        when kept_date is not null and kept_date > due_date then '超期兑现'
        when kept_date is not null then '已兑现'
        when disposal in ('停止', '清算') and disposed_date is not null then '已终止'
        when due_date is null then '未定期限'
        when {{ before_the_day('due_date') }} then '超期未兑现'
        else '未到期'
    end as kept_state,
    case when not is_to_stop and kept_date is null and {{ before_the_day('due_date') }} and disposed_date is null then {{ day }} - due_date end
        as overdue_days,
    coalesce(disposal, case when is_to_stop then '未定：停止或者清算' when law_verdict = '需审查' then '未定：送公平竞争审查' end) as disposal_text,
    case
        when not is_to_stop and law_verdict != '需审查' then null
        when disposed_date is not null then '已清理'
        when disposal is not null then '清理中'
        else '待清理'
    end as disposal_state,
    disposed_date,
    record_text,
    {{ day }} as as_of_date
from judged
