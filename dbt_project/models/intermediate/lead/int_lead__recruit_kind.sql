-- Whether a lead is an expansion (增资扩产) or new recruitment (新引进): what the ledger says, else an expansion if the investor is a firm of
-- this place.
with firms as (

    select
        leads.lead_id,
        leads.is_expansion,
        local_firms.uscc is not null or coalesce(registered.is_local, false) as is_of_local_firm
    from {{ ref('stg_ledger__leads') }} as leads
    left join {{ ref('int_lead__enterprise') }} as registered on leads.lead_id = registered.lead_id
    left join {{ ref('stg_ledger__local_enterprises') }} as local_firms
        on coalesce(leads.uscc, registered.uscc) = local_firms.uscc

)

select
    lead_id,
    is_of_local_firm,
    coalesce(is_expansion, is_of_local_firm) as is_expansion,
    case
        when is_expansion then '台账写明增资扩产'
        when is_expansion is null and is_of_local_firm then '投资主体是本地企业'
        when is_expansion is null then '投资主体不是本地企业'
        else '台账写明新引进' || case when is_of_local_firm then '（投资主体是本地企业，请核对）' else '' end
    end as recruit_basis
from firms
