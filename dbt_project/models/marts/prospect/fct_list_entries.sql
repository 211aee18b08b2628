-- Who stands on which list (世界500强、央企、上市公司…), with its edition, its group and the firm of the register.
select
    lists.list_name,
    lists.edition,
    lists.enterprise_name,
    lists.rank as list_rank,
    coalesce(lists.group_name, local_firms.group_name) as group_name,
    lists.stock_code,
    lists.headquarters_name,
    lists.revenue_wan_cny,
    lists.published_date,
    lists.source_text,
    lists.edition = max(lists.edition) over (partition by lists.list_name) as is_latest_edition,
    named.enterprise_key,
    named.match_by,
    local_firms.uscc is not null or named.is_local_in_register as is_local,
    leads.lead_count,
    lists.list_name || lists.edition || coalesce('第' || cast(cast(lists.rank as bigint) as varchar) || '位', '') as list_text
from {{ ref('stg_ledger__external_lists') }} as lists
inner join {{ ref('int_enterprise__named') }} as named on {{ name_form('lists.enterprise_name') }} = named.name_form
left join {{ ref('stg_ledger__local_enterprises') }} as local_firms on named.enterprise_key = local_firms.uscc
left join (
    select
        {{ name_form('enterprise_name') }} as name_form,
        count(*) as lead_count
    from {{ ref('dim_leads') }}
    group by 1
) as leads on named.name_form = leads.name_form
