-- Promised and kept after landing (履约): tax and output of the first three years, tax per 亩 and intensity of investment.
-- Like is compared with like: a whole year that is over with what was agreed for that very year. 亩均税收 is agreed for the third
-- year (达产), and for the years before in the proportion of the taxes agreed (爬坡). Other boards read the verdict from here.
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
        coalesce(
            case years.year_no
                when 1 then commitments.agreed_tax_year1_wan_cny
                when 2 then commitments.agreed_tax_year2_wan_cny
                else commitments.agreed_tax_year3_wan_cny
            end,
            case when years.year_no = 3 then commitments.agreed_tax_wan_cny_per_mu * commitments.agreed_land_mu end
        ) as agreed_tax_wan_cny,
        paid.paid_tax_wan_cny,
        commitments.agreed_output_wan_cny,
        paid.output_wan_cny,
        commitments.agreed_tax_wan_cny_per_mu * case years.year_no
            when 1 then commitments.agreed_tax_year1_wan_cny / nullif(commitments.agreed_tax_year3_wan_cny, 0)
            when 2 then commitments.agreed_tax_year2_wan_cny / nullif(commitments.agreed_tax_year3_wan_cny, 0)
            else 1
        end as agreed_tax_wan_cny_per_mu,
        paid.paid_tax_wan_cny / nullif(coalesce(paid.land_mu, commitments.agreed_land_mu), 0) as tax_wan_cny_per_mu,
        coalesce(
            commitments.agreed_intensity_wan_cny_per_mu,
            commitments.agreed_fixed_investment_wan_cny / nullif(commitments.agreed_land_mu, 0)
        ) as agreed_intensity_wan_cny_per_mu,
        invested.total_investment_wan_cny
            / nullif(coalesce(paid.land_mu, commitments.agreed_land_mu), 0) as intensity_wan_cny_per_mu
    from commitments
    inner join projects on commitments.lead_id = projects.lead_id
    inner join years on projects.lead_id = years.lead_id
    left join paid on years.lead_id = paid.lead_id and years.tax_year = paid.tax_year
    left join invested on projects.lead_id = invested.lead_id

),

-- Agreed figures are written with two decimals: less than half of the last one is no breach.
compared as (

    select
        *,
        in_operation_date is not null and {{ by_the_day('make_date(tax_year, 12, 31)') }} as is_year_over,
        round(paid_tax_wan_cny, 2) < round(agreed_tax_wan_cny, 2) as is_tax_short,
        round(tax_wan_cny_per_mu, 2) < round(agreed_tax_wan_cny_per_mu, 2) as is_tax_per_mu_short,
        round(intensity_wan_cny_per_mu, 2) < round(agreed_intensity_wan_cny_per_mu, 2) as is_intensity_short
    from joined

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
    round(agreed_tax_wan_cny_per_mu, 4) as agreed_tax_wan_cny_per_mu,
    round(tax_wan_cny_per_mu, 4) as tax_wan_cny_per_mu,
    round(agreed_intensity_wan_cny_per_mu, 4) as agreed_intensity_wan_cny_per_mu,
    round(intensity_wan_cny_per_mu, 4) as intensity_wan_cny_per_mu,
    case
        when in_operation_date is null then '未投产'
        when not is_year_over then '未到期'
        when agreed_tax_wan_cny is null and agreed_tax_wan_cny_per_mu is null then '合同未约定'
        when paid_tax_wan_cny is null then '暂无税收数据'
        when is_tax_short or is_tax_per_mu_short then '低于约定'
        when is_tax_short is null and is_tax_per_mu_short is null then '暂无占地数据'
        else '已达约定'
    end as fulfilment_text,
    case
        when in_operation_date is null then '未投产'
        when agreed_intensity_wan_cny_per_mu is null then '合同未约定'
        when intensity_wan_cny_per_mu is null then '暂无投资或占地数据'
        when is_intensity_short then '低于约定'
        else '已达约定'
    end as intensity_fulfilment_text,
    -- In the words of every list of breaches.
    case
        when is_year_over then nullif(concat_ws(
            '；',
            case
                when is_tax_short
                    then tax_year || '年税收 ' || printf('%.2f', paid_tax_wan_cny) || ' 低于该年约定 '
                        || printf('%.2f', agreed_tax_wan_cny) || ' 万元'
            end,
            case
                when is_tax_per_mu_short
                    then tax_year || '年亩均税收 ' || printf('%.2f', tax_wan_cny_per_mu) || ' 低于该年约定 '
                        || printf('%.2f', agreed_tax_wan_cny_per_mu) || ' 万元/亩'
            end
        ), '')
    end as shortfall_text
from compared
