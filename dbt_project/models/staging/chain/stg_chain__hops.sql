select
    hop_count,
    weight_pct
from {{ source('landing', 'chain_hops') }}
