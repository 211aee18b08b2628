-- A view: the Parquet file stays the table, and a reader takes only the columns that it needs.
with landed as (

    select * from {{ source('landing', 'register') }}

),

superseded as (

    select source_row from {{ ref('stg_register__superseded_rows') }}

)

select
    coalesce(landed.uscc, landed.registration_no) as enterprise_key,
    landed.uscc,
    landed.registration_no,
    landed.enterprise_name,
    {{ name_form('landed.enterprise_name') }} as name_form,
    landed.established_date,
    landed.enterprise_type,
    landed.registered_capital_wan_cny,
    landed.province_name,
    landed.city_name,
    landed.business_scope,
    landed.industry_code,
    landed.employee_count,
    landed.status,
    -- A register without a status says nothing against a firm.
    coalesce(regexp_matches(landed.status, '{{ var('struck_off_words') | join('|') }}'), false) as is_struck_off,
    -- Registers write 济宁市 or 济宁. Compared whole: a regular expression a row costs as much as reading the row.
    {%- set city = local_city() %}
    {%- set city = city[:-1] if city.endswith('市') else city %}
    coalesce(
        landed.city_name in ('{{ city }}', '{{ city }}市')
        and starts_with(landed.province_name, '{{ local_province() }}'),
        false
    ) as is_local,
    landed.source_row
from landed
anti join superseded on landed.source_row = superseded.source_row
