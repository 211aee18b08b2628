select
    node_id,
    node_name,
    chain_id,
    chain_name,
    position as position_name,
    gap_class,
    is_key,
    gap_reason,
    source as source_text,
    -- The order of the file decides between nodes of equal fit.
    cast(file_row_number + 1 as bigint) as node_order
from {{ source('landing', 'chain_nodes') }}
