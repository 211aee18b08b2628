-- What learning reads as truth (标签): milestones with evidence, and leads that were lost. Nothing promised, nothing claimed.
select
    lead_id,
    stage,
    moved_date as reached_date,
    known_date,
    paid_tax_wan_cny
from {{ ref('fct_stage_moves') }}
where has_required_evidence
    and (is_evidence_required or stage = '终止')
