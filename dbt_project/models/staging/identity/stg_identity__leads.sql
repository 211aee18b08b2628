select
    record_id as lead_id,
    enterprise_id,
    parent_enterprise_id,
    why as identity_reason,
    register_key as enterprise_key,
    register_match_by as match_by,
    parent_register_key as parent_enterprise_key
from {{ source('landing', 'lead_identities') }}
