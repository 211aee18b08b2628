select
    from_node_id,
    to_node_id
from {{ source('landing', 'chain_edges') }}
