-- Signed projects (签约项目): in a park or outside it and why, tags and what lies around, what was agreed and what came.
with projects as (

    select * from {{ ref('brd_lead__standing') }} where is_in_follow_up

),

-- Of several contracts the last one signed by the day stands.
agreed as (

    select *
    from {{ ref('stg_ledger__project_commitments') }}
    where {{ by_the_day('agreed_date') }}
    qualify row_number() over (partition by lead_id order by agreed_date desc, received_seq desc, agreed_contract_no desc) = 1

),

paid as (

    select
        lead_id,
        arg_max(paid_tax_wan_cny, tax_year) as paid_tax_wan_cny,
        max(tax_year) as paid_tax_year
    from (
        select
            lead_id,
            tax_year,
            {{ money_sum('paid_tax_wan_cny') }} as paid_tax_wan_cny
        from {{ ref('stg_ledger__tax_paid') }}
        where lead_id is not null
            and {{ by_the_day(tax_known_date()) }}
        group by lead_id, tax_year
    ) as years
    group by lead_id

),

invested as (

    select
        lead_id,
        arg_max(total_investment_wan_cny, period_date) as invested_wan_cny,
        max(period_date) as invested_period_date
    from {{ ref('stg_ledger__investment_progress') }}
    where {{ by_the_day('last_day(period_date)') }} and total_investment_wan_cny is not null
    group by lead_id

),

compared as (

    select
        projects.*,
        placed.park_name as found_park_name,
        placed.is_in_park,
        placed.outside_park_reason as told_reason,
        placed.infrastructure_text,
        coalesce(agreed.agreed_land_mu, projects.land_mu) as used_land_mu,
        coalesce(
            agreed.agreed_intensity_wan_cny_per_mu,
            agreed.agreed_fixed_investment_wan_cny / nullif(agreed.agreed_land_mu, 0)
        ) as agreed_intensity_wan_cny_per_mu,
        agreed.agreed_tax_wan_cny_per_mu,
        agreed.operation_due_date,
        paid.paid_tax_wan_cny,
        paid.paid_tax_year,
        invested.invested_wan_cny
    from projects
    inner join {{ ref('brd_park__placed') }} as placed on projects.lead_id = placed.lead_id
    left join agreed on projects.lead_id = agreed.lead_id
    left join paid on projects.lead_id = paid.lead_id
    left join invested on projects.lead_id = invested.lead_id

),

measured as (

    select
        *,
        invested_wan_cny / nullif(used_land_mu, 0) as actual_intensity_wan_cny_per_mu,
        paid_tax_wan_cny / nullif(used_land_mu, 0) as actual_tax_wan_cny_per_mu
    from compared

)

select
    lead_id,
    project_name,
    enterprise_name,
    unit_name,
    stage,
    signed_date,
    cast(year(signed_date) as bigint) as signed_year,
    started_date,
    in_operation_date,
    investment_wan_cny,
    chain_name,
    found_park_name as park_name,
    is_in_park,
    case
        when is_in_park then '园内'
        when found_park_name is null then '园外'
        else '园外（“' || found_park_name || '”不在园区名录中）'
    end as place_text,
    told_reason as outside_park_reason,
    key_level,
    growth_tags,
    infrastructure_text,
    case when is_in_park and chain_name is not null
        then count(*) over (partition by found_park_name, chain_name) - 1 end as same_chain_count,
    agreed_intensity_wan_cny_per_mu,
    actual_intensity_wan_cny_per_mu,
    agreed_tax_wan_cny_per_mu,
    actual_tax_wan_cny_per_mu,
    paid_tax_year,
    -- Tax is compared once the project is in operation (投产后才比).
    nullif(concat_ws(
        '；',
        case when in_operation_date is not null and actual_intensity_wan_cny_per_mu < agreed_intensity_wan_cny_per_mu
            then '投资强度 ' || round(actual_intensity_wan_cny_per_mu, 1) || ' 低于约定 '
                || round(agreed_intensity_wan_cny_per_mu, 1) || ' 万元/亩' end,
        case when in_operation_date is not null and actual_tax_wan_cny_per_mu < agreed_tax_wan_cny_per_mu
            then '亩均税收 ' || round(actual_tax_wan_cny_per_mu, 1) || ' 低于约定 '
                || round(agreed_tax_wan_cny_per_mu, 1) || ' 万元/亩' end,
        case when in_operation_date is null and {{ before_the_day('operation_due_date') }}
            then '约定 ' || operation_due_date || ' 投产，未见投产佐证' end
    ), '') as breach_text,
    case
        when agreed_intensity_wan_cny_per_mu is null and agreed_tax_wan_cny_per_mu is null then '没有约定数，未能比较'
        when in_operation_date is null then '未投产，暂不比较'
        when actual_intensity_wan_cny_per_mu is null and actual_tax_wan_cny_per_mu is null then '没有实际数，未能比较'
        else '已比较'
    end as comparison_text,
    {{ as_of_date() }} as as_of_date
from measured
