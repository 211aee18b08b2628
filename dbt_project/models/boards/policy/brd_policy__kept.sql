-- 承诺兑现台账: promised, due, kept, overdue. Clauses that must stop are no promise to keep; they stand in brd_policy__clean_up.
select
    agreement_no,
    clause_no,
    lead_id,
    subject_name,
    unit_name,
    promised_by,
    promised_date,
    clause_text,
    law_verdict,
    promised_wan_cny,
    paid_wan_cny,
    still_due_wan_cny,
    due_date,
    kept_date,
    kept_state,
    overdue_days,
    record_text,
    as_of_date
from {{ ref('brd_policy__clauses') }}
where not is_to_stop
