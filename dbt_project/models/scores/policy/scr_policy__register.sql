-- Measures and whether they may be recommended (政策库, domain rules 2.7): only general, in force, reviewed, with a legal
-- basis, not tied to tax and without a word that stops. Whatever else there is has no amount here.
with measures as (

    select
        *,
        {{ flags_in("concat_ws(chr(10), policy_name, clause_text, conditions, amount_text)") }} as flag_text
    from {{ ref('stg_ledger__policies') }}

),

judged as (

    select
        *,
        nullif(concat_ws(
            '；',
            case when valid_from_date >= {{ as_of_date() }} then '尚未生效' end,
            case when valid_to_date < {{ as_of_date() }} then '已过有效期' end,
            case when document_no is null then '没有文号' end,
            case when issuing_level is null then '没有层级' end,
            case when legal_basis is null then '没有法律、行政法规或者国务院依据' end,
            case when generality is null then '未填普惠或特定' end,
            case when generality = '特定' then '针对特定经营者' end,
            case when is_tax_linked is null then '未填是否与税收挂钩' end,
            case when is_tax_linked then '与税收挂钩' end,
            case when coalesce(review_result, '未审查') != '通过' then '公平竞争审查' || coalesce(review_result, '未审查') end,
            case when review_no is null then '没有审查意见书号' end,
            case when reviewed_date >= {{ as_of_date() }} then '审查意见在截至日之后' end,
            case when valid_to_date < valid_from_date then '有效期止早于生效日' end,
            case when contains(flag_text, '（停止）') then '含须停止的字样：' || flag_text end
        ), '') as stop_text
    from measures

)

select
    policy_id,
    policy_name,
    document_no,
    issuing_level,
    issued_by,
    legal_basis,
    measure_kind,
    generality,
    audience,
    chain_name,
    conditions,
    valid_from_date,
    valid_to_date,
    review_no,
    is_tax_linked,
    case when contains(concat_ws('、', policy_name, audience, clause_text), '总部') then '是' else '否' end as is_headquarters_text,
    stop_text is null as is_recommended,
    case
        when stop_text is null then '可推荐'
        when generality = '特定' or is_tax_linked or review_result = '未通过' or contains(flag_text, '（停止）') then '不得承诺'
        else '需审查'
    end as verdict,
    stop_text,
    flag_text,
    case when flag_text is not null then '命中不等于违法，未命中也不等于合规' end as flag_note,
    case when stop_text is null then amount_text end as amount_text,
    case when stop_text is null then clause_text end as clause_text,
    case when valid_to_date >= {{ as_of_date() }} and valid_to_date - {{ as_of_date() }} <= {{ rule('policy_expiry_notice_days') }}
        then '还有 ' || (valid_to_date - {{ as_of_date() }}) || ' 天到期' end as expiry_text,
    {{ as_of_date() }} as as_of_date
from judged
