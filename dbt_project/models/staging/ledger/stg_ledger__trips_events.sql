with landed as (

    select * from {{ source('landing', 'trips_events') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('trips_events') }} = 1

)

select
    event_id,
    event_name,
    event_kind,
    start_date,
    start_date_precision,
    end_date,
    end_date_precision,
    region_name,
    unit_name as written_unit_name,
    led_by,
    visited_enterprises,
    enterprise_count,
    clue_count,
    cost_wan_cny,
    cost_currency,
    cost_rate,
    is_key,
    city_names,
    talk_count,
    signed_count,
    lead_ids,
    result_text,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
