-- Contracts with agencies (委托招商): what they say they delivered beside what the ledgers hold, once leads that we already
-- had are taken off. A fee is due on evidence only.
with agencies as (

    select * from {{ ref('stg_ledger__agencies') }} where {{ by_the_day('valid_from_date') }}

),

-- The first report of an enterprise, by whoever: an agency's lead of a firm that we already had is not the agency's.
firsts as (

    select
        enterprise_id,
        min(reported_date) as first_reported_date,
        arg_min(lead_id, (reported_date, lead_id)) as first_lead_id
    from {{ ref('brd_lead__standing') }}
    group by enterprise_id

),

delivered as (

    select
        agencies.agency_name,
        agencies.contract_no,
        leads.lead_id,
        leads.project_name,
        leads.signed_date,
        leads.started_date,
        firsts.first_lead_id = leads.lead_id as is_new,
        leads.reported_date < agencies.valid_from_date
        or leads.reported_date > coalesce(agencies.valid_to_date, date '9999-12-31') as is_outside_contract
    from agencies
    inner join {{ ref('brd_lead__standing') }} as leads
        on {{ name_form('agencies.agency_name') }} = {{ name_form('leads.agency_name') }}
        and (leads.agency_contract_no = agencies.contract_no or leads.agency_contract_no is null)
    inner join firsts on leads.enterprise_id = firsts.enterprise_id
    -- A lead that names no contract belongs to the one of its day, once.
    qualify row_number() over (
        partition by leads.lead_id
        order by leads.agency_contract_no = agencies.contract_no desc nulls last, is_outside_contract, agencies.valid_from_date desc,
            agencies.contract_no
    ) = 1

),

counted as (

    select
        agency_name,
        contract_no,
        count(*) as lead_count,
        count(*) filter (where not is_new) as already_ours_count,
        count(*) filter (where is_outside_contract) as outside_contract_count,
        count(*) filter (where is_new and not is_outside_contract) as counted_lead_count,
        count(*) filter (where is_new and not is_outside_contract and signed_date is not null) as signed_count,
        count(*) filter (where is_new and not is_outside_contract and started_date is not null) as started_count,
        string_agg(project_name, '、' order by lead_id) filter (where not is_new) as already_ours_text
    from delivered
    group by agency_name, contract_no

)

select
    agencies.agency_name,
    agencies.contract_no,
    agencies.agency_kind,
    agencies.scope_text,
    agencies.region_name,
    agencies.valid_from_date,
    agencies.valid_to_date,
    case
        when agencies.state = '已解除' then '已解除'
        when {{ before_the_day('agencies.valid_to_date') }} then '已到期'
        else '履行中'
    end as state,
    agencies.lead_count as told_lead_count,
    coalesce(counted.lead_count, 0) as lead_count,
    coalesce(counted.already_ours_count, 0) as already_ours_count,
    coalesce(counted.outside_contract_count, 0) as outside_contract_count,
    coalesce(counted.counted_lead_count, 0) as counted_lead_count,
    coalesce(counted.signed_count, 0) as signed_count,
    agencies.landed_count as told_landed_count,
    coalesce(counted.started_count, 0) as started_count,
    100.0 * counted.started_count / nullif(counted.counted_lead_count, 0) as landing_pct,
    agencies.fee_due_wan_cny,
    agencies.fee_paid_wan_cny,
    agencies.fee_evidence,
    counted.already_ours_text,
    nullif(concat_ws(
        '；',
        case when agencies.lead_count > coalesce(counted.counted_lead_count, 0)
            then '自报线索 ' || agencies.lead_count || ' 条，去重后计 ' || coalesce(counted.counted_lead_count, 0) || ' 条' end,
        case when agencies.landed_count > coalesce(counted.started_count, 0)
            then '自报落地 ' || agencies.landed_count || ' 个，凭佐证 ' || coalesce(counted.started_count, 0) || ' 个' end,
        case when agencies.fee_paid_wan_cny > agencies.fee_due_wan_cny then '已付大于应付' end,
        case when agencies.fee_due_wan_cny > 0 and agencies.fee_evidence is null then '应付服务费没有依据' end,
        case when agencies.valid_to_date < agencies.valid_from_date then '合同截止早于起始' end
    ), '') as problem_text,
    {{ as_of_date() }} as as_of_date
from agencies
left join counted on agencies.agency_name = counted.agency_name and agencies.contract_no = counted.contract_no
