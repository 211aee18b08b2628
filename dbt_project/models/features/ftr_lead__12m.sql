-- What was known of a lead by a day. The same SQL builds the rows that models learn from (month ends) and the rows
-- that are scored (as_of itself), so that the two can't differ.
{% set as_of = as_of_date() %}
{% set first_as_of = var('first_as_of', none) %}
with leads as (

    select * from {{ ref('dim_leads') }}

),

-- Columns of dim_leads that tell the end of the story (stage, is_open, counts) are left behind on purpose.
lead_facts as (

    select
        lead_id,
        project_name,
        enterprise_name,
        uscc,
        unit_name,
        reported_date,
        investment_wan_cny,
        fixed_investment_wan_cny,
        land_mu,
        expected_output_wan_cny,
        promised_tax_wan_cny,
        is_foreign,
        lead_source,
        industry_section,
        enterprise_key,
        established_date,
        registered_capital_wan_cny,
        chain_id,
        chain_fit
    from leads
    where {{ reported_by('reported_date') }}

),

month_ends as (

    select last_day(cast(month_start as date)) as as_of_date
    from (
        select unnest(generate_series(
            date_trunc('month', (select min(reported_date) from lead_facts)), {{ as_of }}, interval 1 month
        )) as month_start
    ) as months

),

pairs as (

    select
        lead_facts.lead_id,
        month_ends.as_of_date,
        false as is_current
    from lead_facts
    inner join month_ends
        on {{ by_the_day('lead_facts.reported_date', 'month_ends.as_of_date') }}
        and {{ before_the_day('month_ends.as_of_date') }}
    {% if first_as_of %}
    where month_ends.as_of_date >= date '{{ first_as_of }}'
    {% endif %}

    union all

    select
        lead_id,
        {{ as_of }} as as_of_date,
        true as is_current
    from lead_facts

),

follow_ups as (

    select
        pairs.lead_id,
        pairs.as_of_date,
        count(*) as follow_up_count,
        count(*) filter (where facts.known_date > pairs.as_of_date - 90) as follow_up_count_90d,
        pairs.as_of_date - max(facts.follow_up_date) as days_since_follow_up,
        count(*) filter (where facts.is_principal_led) as principal_led_count,
        count(*) filter (where facts.is_in_person and facts.known_date > pairs.as_of_date - 90) as in_person_count_90d,
        count(*) filter (where facts.is_interested and facts.known_date > pairs.as_of_date - 90) as interested_count_90d,
        max(facts.known_date) as latest_known_date
    from pairs
    inner join {{ ref('fct_follow_ups') }} as facts
        on pairs.lead_id = facts.lead_id and {{ by_the_day('facts.known_date', 'pairs.as_of_date') }}
    group by pairs.lead_id, pairs.as_of_date

),

moves as (

    select
        pairs.as_of_date,
        facts.lead_id,
        facts.stage,
        facts.stage_order,
        facts.moved_date,
        facts.known_date
    from pairs
    inner join {{ ref('fct_stage_moves') }} as facts
        on pairs.lead_id = facts.lead_id and {{ by_the_day('facts.known_date', 'pairs.as_of_date') }}
    where facts.has_required_evidence

),

{{ lead_courses('moves', 'as_of_date') }},

last_moves as (

    select
        as_of_date,
        lead_id,
        max(known_date) as latest_known_date
    from moves
    group by as_of_date, lead_id

),

-- Before the first follow-up that anybody kept, a lead without one is unknown, not left alone.
followed as (

    select min(known_date) as first_known_date from {{ ref('fct_follow_ups') }}

),

-- A firm that was not yet registered on the day was not in the register. One without a date may have been.
joined as (

    select
        pairs.as_of_date,
        pairs.is_current,
        lead_facts.*,
        lead_facts.enterprise_key is not null
        and coalesce({{ by_the_day('lead_facts.established_date', 'pairs.as_of_date') }}, true) as is_in_register
    from pairs
    inner join lead_facts on pairs.lead_id = lead_facts.lead_id

)

select
    joined.lead_id,
    joined.as_of_date,
    joined.is_current,
    joined.project_name,
    joined.enterprise_name,
    joined.uscc,
    joined.unit_name,
    joined.reported_date,
    case when courses.is_ended then '终止' else coalesce(courses.stage, '线索') end as stage,
    coalesce(courses.is_open, true) as is_open,
    joined.as_of_date - joined.reported_date as days_since_reported,
    case when {{ by_the_day('followed.first_known_date', 'joined.as_of_date') }} then coalesce(follow_ups.follow_up_count, 0) end as follow_up_count,
    case when {{ by_the_day('followed.first_known_date', 'joined.as_of_date') }} then coalesce(follow_ups.follow_up_count_90d, 0) end as follow_up_count_90d,
    follow_ups.days_since_follow_up,
    case when {{ by_the_day('followed.first_known_date', 'joined.as_of_date') }} then coalesce(follow_ups.principal_led_count, 0) end as principal_led_count,
    case when {{ by_the_day('followed.first_known_date', 'joined.as_of_date') }} then coalesce(follow_ups.in_person_count_90d, 0) end as in_person_count_90d,
    case when {{ by_the_day('followed.first_known_date', 'joined.as_of_date') }} then coalesce(follow_ups.interested_count_90d, 0) end as interested_count_90d,
    joined.investment_wan_cny,
    case
        when joined.investment_wan_cny > 0
            then 100 * joined.fixed_investment_wan_cny / joined.investment_wan_cny
    end as fixed_investment_pct,
    joined.land_mu,
    case when joined.land_mu > 0 then joined.investment_wan_cny / joined.land_mu end as investment_per_mu_wan_cny,
    joined.expected_output_wan_cny,
    joined.promised_tax_wan_cny,
    case when joined.is_in_register then joined.registered_capital_wan_cny end as registered_capital_wan_cny,
    case
        when joined.is_in_register then (joined.as_of_date - joined.established_date) / 365.25
    end as enterprise_age_years,
    joined.is_in_register,
    joined.is_foreign,
    joined.lead_source,
    joined.industry_section,
    joined.chain_id,
    joined.chain_fit,
    -- greatest() passes over nulls.
    greatest(
        joined.reported_date,
        follow_ups.latest_known_date,
        last_moves.latest_known_date,
        case when joined.is_in_register then joined.established_date end
    ) as latest_fact_date
from joined
cross join followed
left join follow_ups on joined.lead_id = follow_ups.lead_id and joined.as_of_date = follow_ups.as_of_date
left join courses on joined.lead_id = courses.lead_id and joined.as_of_date = courses.as_of_date
left join last_moves on joined.lead_id = last_moves.lead_id and joined.as_of_date = last_moves.as_of_date
