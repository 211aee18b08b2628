with landed as (

    select * from {{ source('landing', 'assessment_marks') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('assessment_marks') }} = 1

)

select
    scheme_name,
    unit_name as written_unit_name,
    rule_code,
    period_date,
    period_date_precision,
    value,
    value_kind,
    given_by,
    evidence_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
