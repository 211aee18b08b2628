-- Measures and whether they may be recommended (政策库, domain rules 2.7): models/screening judges every cell, here stands what
-- holds on the day. A measure that was not judged is held, and only a recommended one has an amount.
with obstacles as (

    select
        policy_id,
        received_seq,
        source_file,
        source_sheet,
        source_row,
        string_agg(obstacle_text, '；' order by obstacle_no) filter (where is_there) as stop_text,
        string_agg(distinct rule_name || '（' || verdict || '）', '、' order by rule_name || '（' || verdict || '）')
            filter (where is_there and rule_name is not null) as flag_text,
        coalesce(bool_or(is_forbidden) filter (where is_there), false) as is_forbidden
    from (
        select
            *,
            obstacle_no > 0
            and (holds_from_date is null or {{ by_the_day('holds_from_date') }})
            and (holds_until_date is null or not {{ before_the_day('holds_until_date') }}) as is_there
        from {{ ref('stg_law__measure_obstacles') }}
    )
    group by policy_id, received_seq, source_file, source_sheet, source_row

),

judged as (

    select
        policies.*,
        case when obstacles.policy_id is null then '未经核验' else obstacles.stop_text end as stop_text,
        obstacles.flag_text,
        coalesce(obstacles.is_forbidden, false) as is_forbidden
    from {{ ref('stg_ledger__policies') }} as policies
    left join obstacles
        on policies.policy_id = obstacles.policy_id
        and policies.received_seq = obstacles.received_seq
        and policies.source_file = obstacles.source_file
        and policies.source_sheet = obstacles.source_sheet
        and policies.source_row = obstacles.source_row

)

select
    policy_id,
    {{ amounts_hidden('policy_name', 'stop_text is not null') }} as policy_name,
    document_no,
    issuing_level,
    {{ amounts_hidden('issued_by', 'stop_text is not null') }} as issued_by,
    {{ amounts_hidden('legal_basis', 'stop_text is not null') }} as legal_basis,
    measure_kind,
    generality,
    case when stop_text is null then audience end as audience,
    chain_name,
    case when stop_text is null then conditions end as conditions,
    valid_from_date,
    valid_to_date,
    review_no,
    is_tax_linked,
    case when contains(concat_ws('、', policy_name, audience, clause_text), '总部') then '是' else '否' end as is_headquarters_text,
    stop_text is null as is_recommended,
    case when stop_text is null then '可推荐' when is_forbidden then '不得承诺' else '需审查' end as verdict,
    stop_text,
    flag_text,
    case when flag_text is not null then '命中不等于违法，未命中也不等于合规' end as flag_note,
    case when stop_text is null then amount_text end as amount_text,
    case when stop_text is null then clause_text end as clause_text,
    case when not {{ before_the_day('valid_to_date') }} and valid_to_date - {{ as_of_date() }} <= {{ rule('policy_expiry_notice_days') }}
        then '还有 ' || (valid_to_date - {{ as_of_date() }}) || ' 天到期' end as expiry_text,
    {{ as_of_date() }} as as_of_date
from judged
