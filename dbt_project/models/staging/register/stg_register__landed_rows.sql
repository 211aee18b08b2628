-- Every row of the register as it landed, replaced ones too: for counting, and for readers that come with the row's number and need
-- neither the judgement nor the join of stg_register__enterprises.
select
    uscc,
    registration_no,
    enterprise_name,
    established_date,
    enterprise_type,
    province_name,
    city_name,
    business_scope,
    industry_code,
    employee_count,
    status,
    source_row
from {{ source('landing', 'register') }}
