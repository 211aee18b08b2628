-- The table of scoring (考核计分规则) as it stands: the engine refuses what doesn't add up, with the row.
select
    scheme_name,
    rule_code,
    valid_from_date,
    valid_to_date,
    indicator,
    rule_kind,
    weight,
    points,
    cap,
    floor,
    threshold,
    unit_type,
    evidence_kind,
    measured_indicator,
    rule_group,
    target_value,
    measure,
    period_kind,
    source_file,
    source_sheet,
    source_row
from {{ ref('stg_ledger__scoring_rules') }}
