-- Where every project that was ever signed stands (签约项目的落点): in a park of the register, or outside it and why.
with parks as (

    select
        {{ name_form('park_name') }} as park_form,
        park_name,
        infrastructure_text
    from {{ ref('brd_park__register') }}

)

select
    projects.lead_id,
    coalesce(parks.park_name, projects.park_name) as park_name,
    parks.park_name is not null as is_in_park,
    case when parks.park_name is null then coalesce(projects.outside_park_reason, '未填写原因') end as outside_park_reason,
    parks.infrastructure_text
from {{ ref('brd_lead__standing') }} as projects
left join parks on {{ name_form('projects.park_name') }} = parks.park_form
where projects.signed_date is not null
