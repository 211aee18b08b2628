-- Open leads with every measure that may be recommended (一企一策只列服务和普惠政策): each condition passed, failed or not
-- judged, in words. Measures that may not be promised are in the register only, without an amount.
with leads as (

    select * from {{ ref('brd_lead__standing') }} where is_open and lost_date is null and not is_forbidden

),

measures as (

    select * from {{ ref('brd_policy__register') }} where is_recommended

),

clauses as (

    select
        policy_id,
        unnest(regexp_split_to_array(conditions, '[；;，,。\n]')) as clause
    from measures
    where conditions is not null

),

-- "固定资产投资不低于5000万元": who is measured, in which direction, how much. What does not read so is left to people.
read_clauses as (

    select
        clauses.policy_id,
        trim(clauses.clause) as clause,
        subjects.subject,
        subjects.fact,
        subjects.measure,
        case
            when regexp_matches(clauses.clause, '不低于|不少于|≥|>=|以上|达到|超过|不小于') and not regexp_matches(clauses.clause, '不超过|不高于|≤|<=|以下')
                then 'least'
            when regexp_matches(clauses.clause, '不超过|不高于|≤|<=|以下|低于') then 'most'
        end as direction,
        try_cast(regexp_extract(clauses.clause, '([0-9]+(\.[0-9]+)?)', 1) as double)
        * case when contains(clauses.clause, '亿') then 10000 else 1 end as bound
    from clauses
    left join {{ source('office', 'policy_subjects') }} as subjects on regexp_matches(clauses.clause, subjects.words)
    where trim(clauses.clause) != ''
    -- The subject whose words are longest in the clause: 固定资产投资 before 投资.
    qualify row_number() over (
        partition by clauses.policy_id, clauses.clause
        order by len(regexp_extract(clauses.clause, subjects.words)) desc nulls last, subjects.subject
    ) = 1

),

judged as (

    select
        leads.lead_id,
        read_clauses.policy_id,
        read_clauses.clause,
        case read_clauses.fact
            when 'investment_wan_cny' then leads.investment_wan_cny
            when 'fixed_investment_wan_cny' then leads.fixed_investment_wan_cny
            when 'research_wan_cny' then leads.research_wan_cny
            when 'patent_count' then leads.patent_count
            when 'land_mu' then leads.land_mu
            when 'power_kva' then leads.power_kva
            -- Not filed yet is no refusal: people see to it.
            when 'is_filed' then case when {{ reached('备案', 'leads.stage_order') }} then 1 end
            when 'intensity_wan_cny_per_mu' then leads.intensity_wan_cny_per_mu
        end as number_fact,
        case read_clauses.fact
            when 'chain_name' then leads.chain_name
            when 'titles' then leads.titles
            when 'headquarters_kind' then leads.headquarters_kind
            when 'is_foreign' then case when leads.is_foreign then '外资' when not leads.is_foreign then '内资' end
        end as text_fact,
        read_clauses.fact,
        read_clauses.direction,
        read_clauses.bound
    from read_clauses
    cross join leads

),

decided as (

    select
        lead_id,
        policy_id,
        clause,
        case
            when fact is null then null
            when fact in ('chain_name', 'titles', 'headquarters_kind', 'is_foreign') then
                case when text_fact is null then null
                    else len(list_filter({{ written_list('text_fact') }}, x -> contains(clause, x))) > 0 end
            when fact = 'is_filed' then number_fact = 1
            when bound is null or direction is null then null
            when direction = 'least' then number_fact >= bound
            else number_fact <= bound
        end as is_met
    from judged

),

counted as (

    select
        lead_id,
        policy_id,
        count(*) filter (where is_met) as met_count,
        count(*) filter (where not is_met) as failed_count,
        count(*) filter (where is_met is null) as open_count,
        string_agg(
            clause || case when is_met then '：符合' when not is_met then '：不符合' else '：未能判断，请人工核对' end,
            '；' order by clause
        ) as conditions_text
    from decided
    group by lead_id, policy_id

)

select
    leads.lead_id,
    leads.project_name,
    leads.unit_name,
    measures.policy_id,
    measures.policy_name,
    measures.document_no,
    measures.measure_kind,
    measures.legal_basis,
    measures.is_headquarters_text,
    case
        when counted.failed_count > 0 then '不符合'
        when counted.open_count > 0 then '待核对'
        else '符合'
    end as verdict,
    coalesce(counted.met_count, 0) as met_count,
    coalesce(counted.failed_count, 0) as failed_count,
    coalesce(counted.open_count, 0) as open_count,
    coalesce(counted.conditions_text, '没有申报条件') as conditions_text,
    case when coalesce(counted.failed_count, 0) = 0 then measures.amount_text end as amount_text,
    measures.valid_to_date,
    measures.as_of_date
from leads
cross join measures
left join counted on leads.lead_id = counted.lead_id and measures.policy_id = counted.policy_id
-- A measure for one chain is not shown to the others.
where measures.chain_name is null
    or contains(measures.chain_name, coalesce(nullif(leads.chain_name, ''), '无'))
    or contains(coalesce(leads.chain_name, ''), measures.chain_name)
