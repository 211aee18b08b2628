-- Firms that ledgers name (榜单、动向、供需、人脉), screened as the firms of the register are; one that the register does not know, by its
-- name alone. What is 禁止 here stands on no list of targets and on no path.
{% set day = as_of_date() %}
with firms as (

    select
        named.name_form,
        named.enterprise_key,
        coalesce(landed.enterprise_name, named.name_form) as enterprise_name,
        landed.business_scope,
        landed.industry_code,
        landed.enterprise_type
    from {{ ref('int_enterprise__named') }} as named
    left join {{ ref('stg_register__landed_rows') }} as landed on named.register_row = landed.source_row

),

{{ screened_firms('firms', 'name_form', day) }}

select
    firms.name_form,
    firms.enterprise_key,
    firms.enterprise_name,
    case when screens.is_forbidden then '禁止' when screens.is_doubtful then '疑似' else '未见相符' end as screen_result,
    screens.screen_text,
    {{ day }} as as_of_date
from firms
left join screens on firms.name_form = screens.subject_key
