with landed as (

    select * from {{ source('landing', 'admission_reviews') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('admission_reviews') }} = 1

)

select
    lead_id,
    project_name,
    park_name,
    review_step,
    submitted_date,
    submitted_date_precision,
    decided_date,
    decided_date_precision,
    result,
    points_intensity,
    points_tax,
    points_energy,
    points_environment,
    points_safety,
    points_industry,
    veto_text,
    override_post,
    override_reason,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
