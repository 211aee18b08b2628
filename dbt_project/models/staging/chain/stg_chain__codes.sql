select
    node_id,
    industry_code
from {{ source('landing', 'chain_codes') }}
