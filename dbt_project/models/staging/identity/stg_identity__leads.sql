select
    record_id as lead_id,
    enterprise_id,
    parent_enterprise_id,
    why as identity_reason
from {{ source('landing', 'lead_identities') }}
