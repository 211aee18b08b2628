-- Rows of the register whose key comes again further down. Keys are counted by hash first: 8 bytes a row instead of 18
-- characters, which is what keeps 60 million rows within the memory limit; the few candidates are then compared exactly.
{{ config(materialized='table') }}

with landed as (

    select
        source_row,
        coalesce(uscc, registration_no) as enterprise_key
    from {{ source('landing', 'register') }}

),

repeated_hashes as (

    select hash(enterprise_key) as key_hash
    from landed
    group by key_hash
    having count(*) > 1

),

candidates as (

    select
        landed.source_row,
        landed.enterprise_key
    from landed
    inner join repeated_hashes on hash(landed.enterprise_key) = repeated_hashes.key_hash

)

select
    source_row,
    enterprise_key
from candidates
qualify row_number() over (partition by enterprise_key order by source_row desc) > 1
