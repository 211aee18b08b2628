-- Every project in talks (在谈): last contact, what comes next and when, who. Without a next action it is red.
with stages as (

    select * from {{ ref('brd_follow_up__stages') }} where not is_in_follow_up and lost_date is null

),

calendar_week as (

    -- The Sunday that ends the week of the as-of day.
    select cast(date_trunc('week', {{ as_of_date() }}) + interval 6 day as date) as week_end

),

contacts as (

    select
        lead_id,
        count(*) as follow_up_count,
        max(follow_up_date) as last_follow_up_date
    from {{ ref('fct_follow_ups') }}
    where {{ by_the_day('known_date') }} and {{ by_the_day('follow_up_date') }}
    group by lead_id

),

-- The last contact that says what comes next.
planned as (

    select
        facts.lead_id,
        facts.next_step,
        facts.next_step_due_date,
        facts.follow_up_date
    from {{ ref('stg_ledger__follow_ups') }} as facts
    where {{ by_the_day('facts.known_date') }} and {{ by_the_day('facts.follow_up_date') }} and facts.next_step is not null
    qualify row_number() over (
        partition by facts.lead_id order by facts.follow_up_date desc, facts.received_seq desc, facts.source_row desc
    ) = 1

),

joined as (

    select
        stages.*,
        {{ count_told('contacts.follow_up_count', 'follow_ups') }} as follow_up_count,
        contacts.last_follow_up_date,
        coalesce(leads.next_action, planned.next_step) as next_action,
        case when leads.next_action is not null then leads.next_action_due_date else planned.next_step_due_date end
            as next_action_due_date,
        leads.blocker,
        leads.recruiter_no,
        case
            when {{ is_kept('follow_ups') }}
                then {{ as_of_date() }} - coalesce(contacts.last_follow_up_date, stages.reported_date)
        end as silent_days
    from stages
    inner join {{ ref('stg_ledger__leads') }} as leads on stages.lead_id = leads.lead_id
    left join contacts on stages.lead_id = contacts.lead_id
    left join planned on stages.lead_id = planned.lead_id

)

select
    joined.lead_id,
    joined.project_name,
    joined.unit_name,
    joined.recruiter_no,
    joined.stage,
    joined.as_of_date,
    joined.investment_wan_cny,
    joined.follow_up_count,
    joined.last_follow_up_date,
    joined.silent_days,
    joined.next_action,
    joined.next_action_due_date,
    joined.blocker,
    case
        when joined.next_action is null then '没有下一步'
        when joined.next_action_due_date is null then '未写时限'
        when {{ before_the_day('joined.next_action_due_date') }} then '已过时限'
        when joined.next_action_due_date = joined.as_of_date then '今日到期'
        when joined.next_action_due_date <= calendar_week.week_end then '本周到期'
        else '以后到期'
    end as reminder,
    case
        when joined.next_action is null or {{ before_the_day('joined.next_action_due_date') }} then '红'
        else {{ light_of('joined.silent_days', 'talk_silent_days') }}
    end as light
from joined
cross join calendar_week
