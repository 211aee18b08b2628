-- Who else chases the same enterprise (同一企业的其他线索), as known by the day. The first report is named (首报).
with leads as (

    select
        current_leads.lead_id,
        current_leads.unit_name,
        current_leads.reported_date,
        current_leads.is_open,
        current_leads.as_of_date,
        coalesce(identities.enterprise_id, current_leads.lead_id) as enterprise_id
    from {{ ref('ftr_lead__12m') }} as current_leads
    left join {{ ref('stg_identity__leads') }} as identities on current_leads.lead_id = identities.lead_id
    where current_leads.is_current

),

enterprises as (

    select
        enterprise_id,
        count(*) as enterprise_lead_count,
        count(distinct unit_name) as enterprise_unit_count,
        arg_min(lead_id, (reported_date, lead_id)) as first_lead_id,
        arg_min(unit_name, (reported_date, lead_id)) as first_unit_name,
        min(reported_date) as first_reported_date,
        string_agg(distinct unit_name, '、' order by unit_name) as unit_names
    from leads
    group by enterprise_id

)

select
    leads.lead_id,
    leads.enterprise_id,
    enterprises.enterprise_lead_count,
    enterprises.enterprise_unit_count,
    leads.lead_id = enterprises.first_lead_id as is_first_report,
    case
        when enterprises.enterprise_lead_count = 1 then null
        when leads.lead_id = enterprises.first_lead_id
            then '本条为首报；同一企业共 ' || enterprises.enterprise_lead_count || ' 条：' || enterprises.unit_names
        else '首报：' || enterprises.first_unit_name || '（' || strftime(enterprises.first_reported_date, '%Y-%m-%d')
            || '）；同一企业共 ' || enterprises.enterprise_lead_count || ' 条：' || enterprises.unit_names
    end as same_enterprise_text,
    leads.as_of_date
from leads
inner join enterprises on leads.enterprise_id = enterprises.enterprise_id
