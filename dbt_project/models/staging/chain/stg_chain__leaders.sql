select
    enterprise_key,
    minimum_capital_wan_cny
from {{ source('landing', 'chain_leaders') }}
