select
    target_year,
    unit_name,
    indicator,
    target_value,
    measure,
    written_unit_name
from {{ ref('int_unit__targets') }}
