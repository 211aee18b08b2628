select
    component,
    level as level_code,
    points,
    label as level_label
from {{ source('landing', 'chain_points') }}
