-- What may be published (宣传): approved by the day, not confidential, and true of the project that it names.
with releases as (

    select
        releases.*,
        coalesce(names.unit_name, releases.written_unit_name) as unit_name,
        leads.project_name,
        leads.lead_id is not null as is_lead_known,
        releases.approval = '同意' and {{ by_the_day('releases.approved_date') }} as is_approved
    from {{ ref('stg_ledger__publicity_releases') }} as releases
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('releases.written_unit_name') }} = names.name_form and not names.is_ambiguous
    left join {{ ref('dim_leads') }} as leads on releases.lead_id = leads.lead_id
    where {{ by_the_day('releases.submitted_date') }}

)

select
    release_id,
    release_title,
    -- The text of what may not be published is not carried on.
    case when coalesce(is_approved and not is_confidential, false) then release_text end as release_text,
    lead_id,
    project_name,
    unit_name,
    {{ as_of_date() }} as as_of_date,
    medium,
    submitted_date,
    approval,
    approved_by,
    case when {{ by_the_day('approved_date') }} then approved_date end as approved_date,
    case when {{ by_the_day('published_date') }} then published_date end as published_date,
    coalesce(is_approved and not is_confidential and (lead_id is null or is_lead_known), false) as is_publishable,
    case
        when is_confidential then '涉密，不得发布'
        when is_confidential is null then '未写是否涉密，不得发布'
        when not coalesce(is_approved, false) then '未批准'
        when lead_id is not null and not is_lead_known then '线索编号不在线索台账中'
        when {{ by_the_day('published_date') }} then '已发布'
        else '可发布'
    end as publicity_text
from releases
