-- Promised and kept after landing (履约): tax and output of the first three years, tax per 亩 and intensity of investment.
with projects as (

    select * from {{ ref('brd_follow_up__stages') }} where signed_date is not null

),

commitments as (

    select *
    from {{ ref('stg_ledger__project_commitments') }}
    where {{ by_the_day('agreed_date') }}
    qualify row_number() over (partition by lead_id order by agreed_date desc, agreed_contract_no desc) = 1

),

invested as (

    select
        lead_id,
        arg_max(total_investment_wan_cny, period_date) as total_investment_wan_cny
    from {{ ref('stg_ledger__investment_progress') }}
    where {{ by_the_day('last_day(period_date)') }}
    group by lead_id

),

years as (

    select
        projects.lead_id,
        numbers.year_no,
        cast(year(projects.in_operation_date) as bigint)
            + cast({{ dated_rule('dispatch_rules', 'rule_key', 'first_tax_year_after_operation', 'rule_value') }} as bigint)
            + numbers.year_no - 1 as tax_year
    from projects
    cross join (values (1), (2), (3)) as numbers (year_no)

),

tax as (

    select *
    from {{ ref('stg_ledger__tax_paid') }}
    where {{ by_the_day(tax_known_date()) }}

),

-- By the project's own number, or else by the firm's: two joins by one key each, where one by either compares all with all.
found as (

    select
        projects.lead_id as project_id,
        tax.*
    from projects
    inner join tax on projects.lead_id = tax.lead_id

    union all

    select
        projects.lead_id as project_id,
        tax.*
    from projects
    inner join tax on projects.uscc = tax.uscc
    where tax.lead_id is null

),

-- A firm's tax counts for a project only if no row names the project.
paid as (

    select
        found.project_id as lead_id,
        found.tax_year,
        arg_max(found.paid_tax_wan_cny, (found.lead_id is not null, found.received_seq)) as paid_tax_wan_cny,
        arg_max(found.output_wan_cny, (found.lead_id is not null, found.received_seq)) as output_wan_cny,
        arg_max(found.land_mu, (found.lead_id is not null, found.received_seq)) as land_mu
    from found
    group by found.project_id, found.tax_year

),

joined as (

    select
        projects.lead_id,
        projects.project_name,
        projects.unit_name,
        projects.in_operation_date,
        years.year_no,
        years.tax_year,
        commitments.agreed_contract_no,
        case years.year_no
            when 1 then commitments.agreed_tax_year1_wan_cny
            when 2 then commitments.agreed_tax_year2_wan_cny
            else commitments.agreed_tax_year3_wan_cny
        end as agreed_tax_wan_cny,
        paid.paid_tax_wan_cny,
        commitments.agreed_output_wan_cny,
        paid.output_wan_cny,
        commitments.agreed_tax_wan_cny_per_mu,
        paid.paid_tax_wan_cny / nullif(coalesce(paid.land_mu, commitments.agreed_land_mu), 0) as tax_wan_cny_per_mu,
        commitments.agreed_intensity_wan_cny_per_mu,
        invested.total_investment_wan_cny
            / nullif(coalesce(paid.land_mu, commitments.agreed_land_mu), 0) as intensity_wan_cny_per_mu
    from commitments
    inner join projects on commitments.lead_id = projects.lead_id
    inner join years on projects.lead_id = years.lead_id
    left join paid on years.lead_id = paid.lead_id and years.tax_year = paid.tax_year
    left join invested on projects.lead_id = invested.lead_id

)

select
    lead_id,
    year_no,
    project_name,
    unit_name,
    {{ as_of_date() }} as as_of_date,
    agreed_contract_no,
    in_operation_date,
    tax_year,
    agreed_tax_wan_cny,
    paid_tax_wan_cny,
    case when agreed_tax_wan_cny > 0 then round(100 * paid_tax_wan_cny / agreed_tax_wan_cny, 2) end as tax_pct,
    agreed_output_wan_cny,
    output_wan_cny,
    case when agreed_output_wan_cny > 0 then round(100 * output_wan_cny / agreed_output_wan_cny, 2) end as output_pct,
    agreed_tax_wan_cny_per_mu,
    round(tax_wan_cny_per_mu, 4) as tax_wan_cny_per_mu,
    agreed_intensity_wan_cny_per_mu,
    round(intensity_wan_cny_per_mu, 4) as intensity_wan_cny_per_mu,
    case
        when in_operation_date is null then '未投产'
        when not {{ by_the_day('make_date(tax_year, 12, 31)') }} then '未到期'
        when agreed_tax_wan_cny is null then '合同未约定'
        when paid_tax_wan_cny is null then '暂无税收数据'
        when paid_tax_wan_cny >= agreed_tax_wan_cny then '已达约定'
        else '低于约定'
    end as fulfilment_text
from joined
