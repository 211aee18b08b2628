-- The firm of the register behind a lead, as intake/matching found it; here its attributes are only fetched. One pass over
-- the register.
with identities as (

    select
        lead_id,
        enterprise_key,
        match_by,
        identity_reason
    from {{ ref('stg_identity__leads') }}
    where enterprise_key is not null

),

leads as (

    select lead_id from {{ ref('stg_ledger__leads') }}

),

firms as (

    select
        enterprises.enterprise_key,
        enterprises.uscc,
        enterprises.registration_no,
        enterprises.enterprise_name,
        enterprises.established_date,
        enterprises.registered_capital_wan_cny,
        enterprises.business_scope,
        enterprises.industry_code,
        enterprises.status,
        enterprises.city_name,
        enterprises.is_local
    from {{ ref('stg_register__enterprises') }} as enterprises
    where enterprises.enterprise_key in (select identities.enterprise_key from identities)

)

select
    identities.lead_id,
    firms.enterprise_key,
    identities.match_by,
    identities.identity_reason,
    firms.uscc,
    firms.registration_no,
    firms.enterprise_name,
    firms.established_date,
    firms.registered_capital_wan_cny,
    firms.business_scope,
    firms.industry_code,
    firms.status,
    firms.city_name,
    firms.is_local
from identities
inner join leads on identities.lead_id = leads.lead_id
inner join firms on identities.enterprise_key = firms.enterprise_key
