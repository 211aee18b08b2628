with landed as (

    select * from {{ source('landing', 'external_ranks') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('external_ranks') }} = 1

)

select
    ranking_name,
    ranking_period,
    ranked_name,
    position,
    ranked_count,
    score,
    level,
    published_date,
    published_date_precision,
    source_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
