select
    policy_id,
    received_seq,
    source_file,
    source_sheet,
    source_row,
    obstacle_no,
    obstacle_text,
    is_forbidden,
    rule_name,
    verdict,
    holds_from_date,
    holds_until_date
from {{ source('landing', 'measure_obstacles') }}
