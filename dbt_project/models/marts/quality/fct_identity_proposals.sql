-- Leads taken for a firm of the register by resemblance only (名称归并), or left alone although several firms resemble them:
-- a person's word settles it. What was decided is none of them: its reason is the decision.
select
    identities.lead_id,
    units.unit_name,
    leads.project_name,
    leads.enterprise_name,
    identities.enterprise_key,
    firms.enterprise_name as registered_enterprise_name,
    identities.identity_reason as proposal_text,
    leads.reported_date
from {{ ref('stg_identity__leads') }} as identities
inner join {{ ref('stg_ledger__leads') }} as leads on identities.lead_id = leads.lead_id
inner join {{ ref('int_lead__units') }} as units on identities.lead_id = units.lead_id
left join {{ ref('int_lead__enterprise') }} as firms on identities.lead_id = firms.lead_id
where
    units.unit_name is not null
    and identities.identity_reason not like '人工决定%'
    and (
        (identities.match_by = '名称归并' and identities.enterprise_key is not null)
        or identities.identity_reason like '%待人工核对'
    )
