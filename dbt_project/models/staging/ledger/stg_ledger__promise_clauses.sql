with landed as (

    select * from {{ source('landing', 'promise_clauses') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('promise_clauses') }} = 1

)

select
    agreement_no,
    clause_no,
    promised_date,
    promised_date_precision,
    lead_id,
    subject_name,
    promised_by,
    clause_text,
    promised_wan_cny,
    promised_currency,
    promised_rate,
    paid_wan_cny,
    paid_currency,
    paid_rate,
    paid_until_date,
    paid_until_date_precision,
    due_date,
    due_date_precision,
    kept_date,
    kept_date_precision,
    unit_name as written_unit_name,
    disposal,
    disposed_date,
    disposed_date_precision,
    record_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
