select
    company_code,
    company_name,
    full_name,
    exchange_name,
    listed_date,
    product_name,
    weight
from {{ source('landing', 'chain_listed') }}
