select
    text,
    rule_id,
    rule_name,
    kind as rule_kind,
    found_text,
    verdict,
    article,
    article_text,
    is_verified,
    valid_from_date
from {{ source('landing', 'text_findings') }}
