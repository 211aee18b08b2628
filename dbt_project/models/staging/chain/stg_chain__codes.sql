select
    node_id,
    industry_code,
    is_whole
from {{ source('landing', 'chain_codes') }}
