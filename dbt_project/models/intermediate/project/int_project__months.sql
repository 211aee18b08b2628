-- What was paid in and built in a month (到资与建设进度). Two reports of one month: the later one stands.
select
    *,
    -- A month's figure is known when the month is over, or once it was verified.
    greatest(last_day(period_date), coalesce(verified_date, period_date)) as known_date
from {{ ref('stg_ledger__investment_progress') }}
qualify row_number() over (
    partition by lead_id, date_trunc('month', period_date) order by period_date desc
) = 1
