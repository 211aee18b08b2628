-- Places that others published (省、市通报), kept as they were published.
select
    ranking_name,
    ranking_period,
    ranked_name,
    level,
    published_date,
    cast(position as bigint) as published_rank,
    cast(ranked_count as bigint) as ranked_count,
    score,
    cast(lag(position) over earlier as bigint) as previous_rank,
    -- Up is positive: from 5th to 3rd is 2 places up.
    cast(lag(position) over earlier - position as bigint) as places_up,
    source_text,
    {{ as_of_date() }} as as_of_date
from {{ ref('stg_ledger__external_ranks') }}
where {{ by_the_day('published_date') }}
window earlier as (partition by ranking_name, ranked_name order by published_date, ranking_period)
