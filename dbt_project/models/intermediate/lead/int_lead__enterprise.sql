-- Which enterprise of the register a lead speaks of: by credit code (统一社会信用代码), else by a name that only one firm
-- of the whole register bears. One pass over the register finds the candidates of both kinds.
with leads as (

    select
        lead_id,
        uscc,
        {{ name_form('enterprise_name') }} as name_form
    from {{ ref('stg_ledger__leads') }}

),

lead_codes as (

    select distinct uscc from leads where uscc is not null

),

lead_names as (

    select distinct name_form from leads where name_form is not null

),

candidates as (

    select
        enterprises.enterprise_key,
        enterprises.uscc,
        enterprises.registration_no,
        enterprises.enterprise_name,
        enterprises.name_form,
        enterprises.established_date,
        enterprises.registered_capital_wan_cny,
        enterprises.business_scope,
        enterprises.industry_code,
        enterprises.status,
        enterprises.is_local
    from {{ ref('stg_register__enterprises') }} as enterprises
    where enterprises.uscc in (select lead_codes.uscc from lead_codes)
        or enterprises.name_form in (select lead_names.name_form from lead_names)

),

unique_names as (

    select
        name_form,
        min(enterprise_key) as enterprise_key
    from candidates
    group by name_form
    having count(*) = 1

),

matched as (

    select
        leads.lead_id,
        by_code.enterprise_key,
        '信用代码' as match_by,
        1 as precedence
    from leads
    inner join candidates as by_code on leads.uscc = by_code.uscc

    union all

    select
        leads.lead_id,
        by_name.enterprise_key,
        '企业名称' as match_by,
        2 as precedence
    from leads
    inner join unique_names on leads.name_form = unique_names.name_form
    inner join candidates as by_name on unique_names.enterprise_key = by_name.enterprise_key
    -- Two different codes are two firms, whatever their names.
    where leads.uscc is null or by_name.uscc is null

),

first_matches as (

    select
        lead_id,
        enterprise_key,
        match_by
    from matched
    qualify row_number() over (partition by lead_id order by precedence, enterprise_key) = 1

)

select
    first_matches.lead_id,
    first_matches.enterprise_key,
    first_matches.match_by,
    candidates.uscc,
    candidates.registration_no,
    candidates.enterprise_name,
    candidates.established_date,
    candidates.registered_capital_wan_cny,
    candidates.business_scope,
    candidates.industry_code,
    candidates.status,
    candidates.is_local
from first_matches
inner join candidates on first_matches.enterprise_key = candidates.enterprise_key
