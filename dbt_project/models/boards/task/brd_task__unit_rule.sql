-- The rule that every unit of a kind must meet (单位达标), with the projects counted. A standard that was never set reads 未下达.
with rules as (

    select *
    from {{ source('office', 'unit_rules') }}
    where {{ by_the_day('valid_from') }} and coalesce(not {{ before_the_day('valid_to') }}, true)
    qualify row_number() over (partition by rule_code order by valid_from desc) = 1

),

units as (

    select
        units.unit_name,
        units.unit_type,
        coalesce(written.is_lead_department, false) as is_lead_department
    from {{ ref('dim_units') }} as units
    inner join {{ ref('stg_ledger__units') }} as written on units.unit_name = written.unit_name

),

facts as (

    select
        indicators.counted_by,
        indicators.stage,
        facts.*
    from {{ ref('fct_task_facts') }} as facts
    inner join {{ source('office', 'indicators') }} as indicators on facts.indicator = indicators.indicator
    where {{ by_the_day('facts.known_date') }}
        and {{ by_the_day('facts.fact_date') }}
        -- The reserve's own floor is another one than a rule's; an expansion is left out of both.
        and (
            (indicators.counted_by = '储备' and not coalesce(starts_with(facts.not_counted_reason, '未计入：增资扩产'), false))
            or (indicators.counted_by = '阶段个数' and facts.not_counted_reason is null)
        )
    -- The office may count one thing by several indicators: here it is one project.
    qualify row_number() over (
        partition by indicators.counted_by, indicators.stage, facts.fact_key
        order by facts.fact_date, facts.known_date, indicators.indicator_order
    ) = 1

),

counted as (

    select
        rules.rule_code,
        facts.unit_name,
        count(*) as counted_count,
        string_agg(
            facts.project_name || '（' || coalesce({{ number_text('facts.investment_wan_cny') }}, '未填') || '万元）', '、'
            order by facts.investment_wan_cny desc nulls last, facts.lead_id
        ) as counted_projects
    from rules
    inner join facts
        on case rules.counted_by
            -- Started in the year of the as-of day.
            when '开工' then facts.counted_by = '阶段个数' and facts.stage = rules.counted_by
                and year(facts.fact_date) = year({{ as_of_date() }})
            when '储备' then facts.counted_by = '储备' and coalesce(not {{ by_the_day('facts.until_date') }}, true)
        end
    where coalesce(facts.investment_wan_cny >= rules.min_investment_wan_cny, rules.min_investment_wan_cny is null)
    group by rules.rule_code, facts.unit_name

)

select
    units.unit_name,
    units.unit_type,
    rules.rule_code,
    rules.rule_text,
    {{ as_of_date() }} as as_of_date,
    rules.min_count,
    rules.min_investment_wan_cny,
    case
        when rules.min_count is null then '未下达'
        else '不少于' || rules.min_count || '个'
            || coalesce('，每个不低于' || {{ number_text('rules.min_investment_wan_cny') }} || '万元', '')
    end as standard_text,
    coalesce(counted.counted_count, 0) as counted_count,
    counted.counted_projects,
    case
        when rules.min_count is null then '标准未下达'
        when coalesce(counted.counted_count, 0) >= rules.min_count then '达标'
        else '未达标'
    end as verdict,
    rules.source
from units
inner join rules
    on {{ counts_for_unit('rules.applies_to', 'units') }}
left join counted on rules.rule_code = counted.rule_code and units.unit_name = counted.unit_name
