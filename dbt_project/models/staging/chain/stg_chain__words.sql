select
    node_id,
    word,
    is_exclude,
    cast(file_row_number + 1 as bigint) as word_order
from {{ source('landing', 'chain_words') }}
