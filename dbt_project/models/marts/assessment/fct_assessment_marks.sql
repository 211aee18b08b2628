-- Marks, votes and found facts that no ledger of projects can give (考核评分), tied to units; those of unknown units stand with
-- the name as written.
select
    marks.scheme_name,
    coalesce(names.unit_name, marks.written_unit_name) as unit_name,
    marks.rule_code,
    marks.period_date,
    marks.value as mark_value,
    marks.value_kind,
    marks.given_by,
    marks.evidence_text,
    names.unit_name is not null as is_unit_known
from {{ ref('stg_ledger__assessment_marks') }} as marks
left join {{ ref('int_unit__names') }} as names
    on {{ name_form('marks.written_unit_name') }} = names.name_form and not names.is_ambiguous
qualify row_number() over (
    partition by marks.scheme_name, coalesce(names.unit_name, marks.written_unit_name), marks.rule_code, marks.period_date
    order by marks.received_seq desc, marks.source_row desc, marks.source_sheet desc
) = 1
