-- Rules that what somebody wants to promise meets (承诺事项审查): leads, contracts, terms of funds. A hit is not a violation, and
-- no hit is not safe: the row says so. The scan is models/screening's; only its days are compared here.
with texts as (

    select
        '线索台账' as ledger_name,
        '拟承诺事项' as column_name,
        lead_id as row_key,
        lead_id,
        unit_name,
        project_name as subject_name,
        promise_text as text
    from {{ ref('brd_lead__standing') }}

    union all

    select
        '项目约定' as ledger_name,
        '约定支持事项' as column_name,
        concat_ws('｜', commitments.lead_id, commitments.agreed_contract_no) as row_key,
        commitments.lead_id,
        leads.unit_name,
        coalesce(commitments.project_name, leads.project_name) as subject_name,
        commitments.package_text as text
    from {{ ref('stg_ledger__project_commitments') }} as commitments
    left join {{ ref('brd_lead__standing') }} as leads on commitments.lead_id = leads.lead_id
    where {{ by_the_day('commitments.agreed_date') }}

    union all

    select
        '基金台账' as ledger_name,
        '主要条款' as column_name,
        concat_ws('｜', fund_name, as_of_date) as row_key,
        null as lead_id,
        null as unit_name,
        fund_name as subject_name,
        terms_text as text
    from {{ ref('stg_ledger__funds') }}
    where {{ by_the_day('as_of_date') }}

    union all

    select
        '基金投资项目' as ledger_name,
        '投资条款' as column_name,
        concat_ws('｜', investments.fund_name, investments.project_name, investments.as_of_date) as row_key,
        investments.lead_id,
        leads.unit_name,
        investments.project_name as subject_name,
        investments.terms_text as text
    from {{ ref('stg_ledger__fund_investments') }} as investments
    left join {{ ref('brd_lead__standing') }} as leads on investments.lead_id = leads.lead_id
    where {{ by_the_day('investments.as_of_date') }}

),

findings as (

    select * from {{ ref('stg_law__text_findings') }} where {{ by_the_day('valid_from_date') }}

)

select
    texts.ledger_name,
    texts.column_name,
    texts.row_key,
    texts.lead_id,
    coalesce(texts.unit_name, '全区') as unit_name,
    texts.subject_name,
    findings.rule_id as flag_id,
    findings.rule_name as flag_name,
    findings.found_text,
    case when findings.verdict = '停止' then '停止：不得承诺' else findings.verdict end as action_text,
    findings.article,
    findings.article_text,
    case when findings.is_verified then '已核实' else '未核实' end as verified_text,
    '命中不等于违法，未命中也不等于合规；由审查机构认定' as note,
    {{ as_of_date() }} as as_of_date
from texts
inner join findings on texts.text = findings.text
