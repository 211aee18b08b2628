-- Leads talked to on one day only and never again since (一次性接触). Signed leads are not listed; one that was closed (终止) after its
-- only talk is: closing it is how such a lead leaves the ledger.
{% set as_of = as_of_date() %}
with limits as (

    select
        {{ board_limit('single_touch_days') }} as limit_days,
        {{ board_limit('single_touch_long_days') }} as long_limit_days

)

select
    progress.lead_id,
    progress.project_name,
    progress.unit_name,
    progress.stage,
    progress.is_ended,
    progress.ended_date,
    progress.reported_date,
    progress.first_contact_date as contact_date,
    progress.contact_count,
    cast({{ as_of }} - progress.first_contact_date as bigint) as days_since_contact,
    cast(limits.limit_days as bigint) as limit_days,
    cast(limits.long_limit_days as bigint) as long_limit_days,
    {{ as_of }} - progress.first_contact_date > limits.long_limit_days as is_over_long_limit,
    progress.as_of_date
from {{ ref('brd_lead__progress') }} as progress
cross join limits
where progress.contact_day_count = 1
    and {{ as_of }} - progress.first_contact_date > limits.limit_days
    and progress.signed_date is null
    and not progress.is_in_follow_up
