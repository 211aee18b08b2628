-- Which catalogue items a lead touches, whatever the day; which of them are in force is asked by brd_lead__screens. The text is the
-- project's (项目、产品、行业), not the firm's: a firm of a closed trade may bring another project.
{%- set old_plant = '技改|技术改造|改造' %}
with written as (

    select
        leads.lead_id,
        leads.enterprise_key,
        leads.unit_name,
        leads.node_id,
        ledger.project_name,
        ledger.product_text,
        ledger.industry_name,
        coalesce(ledger.industry_code, enterprise.industry_code) as industry_code,
        coalesce(ledger.is_foreign, false) or coalesce(ledger.is_fdi, false) as is_foreign,
        not coalesce(regexp_matches(ledger.construction_kind, '{{ old_plant }}'), false) as is_new_capacity
    from {{ ref('dim_leads') }} as leads
    inner join {{ ref('stg_ledger__leads') }} as ledger on leads.lead_id = ledger.lead_id
    left join {{ ref('int_lead__enterprise') }} as enterprise on leads.lead_id = enterprise.lead_id

),

subjects as (

    select
        lead_id as subject_key,
        {{ joined_text(['project_name', 'product_text', 'industry_name']) }} as screen_text,
        industry_code,
        is_foreign,
        is_new_capacity,
        node_id
    from written

),

{{ catalogue_hits('subjects') }}

select
    hits.subject_key as lead_id,
    written.unit_name,
    written.project_name,
    hits.catalogue_name,
    hits.catalogue_edition,
    hits.item_no,
    hits.item_text,
    hits.item_kind,
    hits.valid_from_date,
    hits.valid_to_date,
    hits.edition_from,
    hits.edition_to,
    hits.document_no,
    hits.is_verified,
    hits.is_known_edition,
    hits.hit_words,
    hits.evidence_kind,
    hits.item_result,
    {{ item_quoted('hits') }} as item_quoted_text
from catalogue_hits as hits
inner join written on hits.subject_key = written.lead_id
