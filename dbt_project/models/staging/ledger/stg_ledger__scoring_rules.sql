with landed as (

    select * from {{ source('landing', 'scoring_rules') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('scoring_rules') }} = 1

)

select
    scheme_name,
    rule_code,
    indicator,
    rule_kind,
    weight,
    points,
    cap,
    floor,
    threshold,
    unit_type,
    evidence_kind,
    valid_from_date,
    valid_from_date_precision,
    valid_to_date,
    valid_to_date_precision,
    measured_indicator,
    rule_group,
    target_value,
    measure,
    step_size,
    step_points,
    period_kind,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
