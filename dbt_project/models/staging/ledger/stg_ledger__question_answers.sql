with landed as (

    select * from {{ source('landing', 'question_answers') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('question_answers') }} = 1

)

select
    question_kind,
    subject_key,
    subject_text,
    answer,
    answered_date,
    answered_date_precision,
    answered_by_unit_name,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
