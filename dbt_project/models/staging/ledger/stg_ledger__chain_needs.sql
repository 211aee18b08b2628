with landed as (

    select * from {{ source('landing', 'chain_needs') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('chain_needs') }} = 1

)

select
    need_id,
    chain_name,
    node_name,
    need_text,
    gap_class,
    asked_by,
    yearly_amount_wan_cny,
    yearly_amount_currency,
    yearly_amount_rate,
    priority,
    asked_date,
    asked_date_precision,
    met_by_lead_id,
    node_id,
    due_date,
    due_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
