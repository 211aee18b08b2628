with landed as (

    select * from {{ source('landing', 'investment_progress') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('investment_progress') }} = 1

)

select
    lead_id,
    project_name,
    period_date,
    period_date_precision,
    month_paid_in_wan_cny,
    month_paid_in_currency,
    month_paid_in_rate,
    year_paid_in_wan_cny,
    year_paid_in_currency,
    year_paid_in_rate,
    total_paid_in_wan_cny,
    total_paid_in_currency,
    total_paid_in_rate,
    paid_in_fdi_wan_cny,
    paid_in_fdi_currency,
    paid_in_fdi_rate,
    month_investment_wan_cny,
    month_investment_currency,
    month_investment_rate,
    planned_investment_wan_cny,
    planned_investment_currency,
    planned_investment_rate,
    total_investment_wan_cny,
    total_investment_currency,
    total_investment_rate,
    progress_pct,
    progress_text,
    evidence_kind,
    evidence_no,
    planned_paid_in_wan_cny,
    planned_paid_in_currency,
    planned_paid_in_rate,
    planned_fdi_wan_cny,
    planned_fdi_currency,
    planned_fdi_rate,
    month_fixed_investment_wan_cny,
    month_fixed_investment_currency,
    month_fixed_investment_rate,
    planned_fixed_investment_wan_cny,
    planned_fixed_investment_currency,
    planned_fixed_investment_rate,
    planned_progress_pct,
    verified_by,
    verified_date,
    verified_date_precision,
    photo_ref,
    safety_text,
    entered_statistics_date,
    entered_statistics_date_precision,
    above_scale_date,
    above_scale_date_precision,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing
