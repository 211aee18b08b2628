with landed as (

    select * from {{ source('landing', 'connections') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('connections') }} = 1

)

select
    introducer_name,
    introducer_uscc,
    relation_kind,
    target_name,
    target_uscc,
    city_name,
    strength,
    unit_name as written_unit_name,
    last_contact_date,
    last_contact_date_precision,
    consent_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
