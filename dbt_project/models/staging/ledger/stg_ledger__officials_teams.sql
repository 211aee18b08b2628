with landed as (

    select * from {{ source('landing', 'officials_teams') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('officials_teams') }} = 1

)

select
    lead_id,
    project_name,
    leader_name,
    leader_post,
    team_name,
    unit_name as written_unit_name,
    since_date,
    since_date_precision,
    until_date,
    until_date_precision,
    role,
    plan_text,
    member_count,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
