-- Signings of one investor and project that follow each other within the office's months; only the first of a group counts.
-- Beside each: how many units and trips carried it.
{% set as_of = as_of_date() %}
with moves as (

    select * from {{ ref('fct_stage_moves') }} where {{ by_the_day('known_date') }}

),

{{ grouped_signings('moves', board_limit('repeat_months')) }},

sized as (

    select
        *,
        count(*) over (partition by enterprise_id, project_form, group_no) as group_signing_count,
        first_value(lead_id) over (
            partition by enterprise_id, project_form, group_no order by signed_date, lead_id
        ) as counted_lead_id
    from grouped_signings

),

carried as (

    select
        lead_id,
        count(distinct unit_name) as unit_count
    from {{ ref('fct_follow_ups') }}
    where {{ by_the_day('known_date') }}
    group by lead_id

),

trips as (

    select
        lead_id,
        count(distinct event_id) as trip_count
    from {{ ref('stg_ledger__follow_ups') }}
    where {{ by_the_day('known_date') }} and event_id is not null
    group by lead_id

)

select
    sized.enterprise_id,
    sized.counted_lead_id,
    sized.lead_id,
    progress.project_name,
    progress.enterprise_name,
    -- The unit that was responsible on that day.
    coalesce(transfers.from_unit_name, progress.unit_name) as unit_name,
    sized.signed_date,
    sized.is_counted,
    sized.previous_lead_id,
    sized.previous_signed_date,
    case when not sized.starts_group then cast(sized.signed_date - sized.previous_signed_date as bigint) end as days_since_previous,
    sized.group_signing_count,
    cast({{ board_limit('repeat_months') }} as bigint) as limit_months,
    progress.investment_wan_cny,
    coalesce(carried.unit_count, 0) as follow_unit_count,
    coalesce(trips.trip_count, 0) as trip_count,
    {{ as_of }} as as_of_date
from sized
inner join {{ ref('brd_lead__progress') }} as progress on sized.lead_id = progress.lead_id
left join carried on sized.lead_id = carried.lead_id
left join trips on sized.lead_id = trips.lead_id
asof left join {{ ref('fct_lead_givers') }} as transfers
    on sized.lead_id = transfers.lead_id and sized.signed_date < transfers.transferred_date
where sized.group_signing_count > 1
