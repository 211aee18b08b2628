with landed as (

    select * from {{ source('landing', 'catalogue_items') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('catalogue_items') }} = 1

)

select
    catalogue_name,
    catalogue_edition,
    item_no,
    item_text,
    item_kind,
    industry_codes,
    item_words,
    node_ids,
    valid_from_date,
    valid_from_date_precision,
    valid_to_date,
    valid_to_date_precision,
    document_no,
    is_verified,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
