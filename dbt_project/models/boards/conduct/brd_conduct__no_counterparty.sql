-- Visits that do not say with whom, by name and code, or what comes next, and lack more than the district's visits usually do. What
-- most visits lack is a habit of the ledger and no sign of a visit: the rarest kinds of lack are listed, up to the office's share of all
-- visits, and nothing where too few can be compared. Contact persons never reach the warehouse and are looked after at the desk.
with visits as (

    select
        facts.*,
        written.counterparty_name,
        written.counterparty_uscc,
        written.event_id,
        leads.project_name,
        leads.enterprise_name,
        -- The lead's own code counts where the counterparty is the investor.
        coalesce(
            written.counterparty_uscc,
            case
                when {{ name_form('written.counterparty_name') }} = {{ name_form('leads.enterprise_name') }} then leads.uscc
            end
        ) as known_uscc
    from {{ ref('fct_follow_ups') }} as facts
    inner join {{ ref('dim_leads') }} as leads on facts.lead_id = leads.lead_id
    inner join {{ ref('stg_ledger__follow_ups') }} as written
        on facts.lead_id = written.lead_id
        and facts.follow_up_date = written.follow_up_date
        and facts.method = written.method
        and facts.content is not distinct from written.content
    where facts.is_in_person and {{ by_the_day('facts.known_date') }}

),

lacking as (

    select
        *,
        counterparty_name is null as lacks_counterparty,
        known_uscc is null as lacks_code,
        next_step is null as lacks_next_step
    from visits

),

habits as (

    select
        count(*) as visit_count,
        {% for lack in ('lacks_counterparty', 'lacks_code', 'lacks_next_step') %}
        -ln(greatest(avg({{ lack }}::int), 1e-9)) as {{ lack }}_weight{{ ',' if not loop.last }}
        {% endfor %}
    from lacking

),

-- A lack weighs the more the fewer visits have it; several add up.
weighed as (

    select
        lacking.*,
        habits.visit_count,
        round(
            lacks_counterparty::int * lacks_counterparty_weight
            + lacks_code::int * lacks_code_weight
            + lacks_next_step::int * lacks_next_step_weight,
            6
        ) as weight
    from lacking
    cross join habits

),

ranked as (

    select
        *,
        100.0 * count(*) over (order by weight desc range unbounded preceding) / visit_count as as_lacking_pct
    from weighed

)

select
    lead_id,
    project_name,
    unit_name,
    follow_up_date,
    method,
    content,
    led_by,
    counterparty_name,
    known_uscc as counterparty_uscc,
    next_step,
    concat_ws('、',
        case when lacks_counterparty then '洽谈对象' end,
        case when lacks_code then '信用代码' end,
        case when lacks_next_step then '下一步计划' end
    ) as missing_text,
    round(as_lacking_pct, 2) as as_lacking_pct,
    {{ as_of_date() }} as as_of_date
from ranked
where weight > 0
    and as_lacking_pct <= {{ board_limit('flagged_share_pct') }}
    and visit_count >= {{ board_limit('flagged_min_rows') }}
