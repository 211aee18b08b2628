-- Clauses to be cleaned up (存量承诺清理): what the law scanner stops or holds in signed agreements and 一企一策, what was paid and is still due.
select
    agreement_no,
    clause_no,
    ledger_name,
    lead_id,
    subject_name,
    unit_name,
    promised_date,
    clause_text,
    law_verdict,
    rule_kinds,
    articles,
    verified_text,
    promised_wan_cny,
    paid_wan_cny,
    still_due_wan_cny,
    disposal_text,
    disposal_state,
    disposed_date,
    record_text,
    as_of_date
from {{ ref('brd_policy__clauses') }}
where promised_by = '政府' and law_verdict in ('停止', '需审查', '未经扫描（需审查）')
