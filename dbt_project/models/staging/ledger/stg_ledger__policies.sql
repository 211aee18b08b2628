with landed as (

    select * from {{ source('landing', 'policies') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('policies') }} = 1

)

select
    policy_id,
    policy_name,
    document_no,
    issuing_level,
    issued_by,
    legal_basis,
    clause_text,
    audience,
    conditions,
    valid_from_date,
    valid_from_date_precision,
    valid_to_date,
    valid_to_date_precision,
    is_tax_linked,
    review_result,
    reviewed_date,
    reviewed_date_precision,
    review_no,
    generality,
    measure_kind,
    chain_name,
    amount_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
