-- Yearly tax of a project, promised, estimated and paid side by side, never mixed: `year_no` counts full years after 投产
-- (year 0: the year that the contract or the lead calls 达产, or the year of 投产 itself for what was paid).
{% set as_of = as_of_date() %}
with progress as (

    select * from {{ ref('brd_lead__progress') }}

),

contracts as (

    select *
    from {{ ref('stg_ledger__project_commitments') }}
    where {{ by_the_day('agreed_date') }}
    qualify row_number() over (partition by lead_id order by agreed_date desc, agreed_contract_no desc) = 1

),

promised as (

    select
        lead_id,
        agreed_land_mu,
        agreed_tax_wan_cny_per_mu,
        agreed_contract_no,
        unnest([
            {'year_no': 1, 'tax_wan_cny': agreed_tax_year1_wan_cny},
            {'year_no': 2, 'tax_wan_cny': agreed_tax_year2_wan_cny},
            {'year_no': 3, 'tax_wan_cny': agreed_tax_year3_wan_cny}
        ], recursive := true)
    from contracts

),

-- A code that two leads share says nothing about one of them.
leads_by_code as (

    select
        uscc,
        min(lead_id) as lead_id
    from {{ ref('dim_leads') }}
    where uscc is not null
    group by uscc
    having count(*) = 1

),

paid as (

    select
        coalesce(tax_paid.lead_id, leads_by_code.lead_id) as lead_id,
        tax_paid.tax_year,
        {{ money_sum('tax_paid.paid_tax_wan_cny') }} as paid_tax_wan_cny,
        max(tax_paid.land_mu) as land_mu
    from {{ ref('stg_ledger__tax_paid') }} as tax_paid
    left join leads_by_code on tax_paid.uscc = leads_by_code.uscc
    where {{ by_the_day(tax_known_date('tax_paid')) }}
    group by 1, 2

),

told as (

    select
        promised.lead_id,
        '承诺' as tax_basis,
        promised.year_no,
        cast(null as bigint) as tax_year,
        promised.tax_wan_cny,
        null as tax_low_wan_cny,
        null as tax_high_wan_cny,
        coalesce(promised.agreed_tax_wan_cny_per_mu, promised.tax_wan_cny / nullif(promised.agreed_land_mu, 0))
            as tax_wan_cny_per_mu,
        null as land_mu,
        null as tax_pays_probability,
        '项目约定（合同' || promised.agreed_contract_no || '）' as source_text
    from promised
    where promised.tax_wan_cny is not null

    union all

    select
        leads.lead_id,
        '台账' || coalesce(leads.tax_basis, '未注明性质') as tax_basis,
        0 as year_no,
        null as tax_year,
        leads.promised_tax_wan_cny,
        null as tax_low_wan_cny,
        null as tax_high_wan_cny,
        coalesce(leads.tax_intensity_wan_cny_per_mu, leads.promised_tax_wan_cny / nullif(leads.land_mu, 0)) as tax_wan_cny_per_mu,
        null as land_mu,
        null as tax_pays_probability,
        '线索台账' as source_text
    from {{ ref('stg_ledger__leads') }} as leads
    where leads.promised_tax_wan_cny is not null

    union all

    select
        parts.lead_id,
        case parts.tax_kind when 'model' then '模型估算' else '规则估算' end as tax_basis,
        0 as year_no,
        null as tax_year,
        greatest(exp(parts.tax_log) - 1, 0.0) as tax_wan_cny,
        parts.tax_low_wan_cny,
        parts.tax_high_wan_cny,
        greatest(exp(parts.tax_log) - 1, 0.0) / nullif(leads.land_mu, 0) as tax_wan_cny_per_mu,
        leads.land_mu,
        parts.tax_pays_probability,
        '税收模型 ' || parts.tax_version as source_text
    from {{ ref('scr_lead__parts') }} as parts
    inner join {{ ref('stg_ledger__leads') }} as leads on parts.lead_id = leads.lead_id
    where parts.tax_log is not null

    union all

    select
        paid.lead_id,
        '实际' as tax_basis,
        -- Paid before 投产, or without one on the books: each year stands by itself, and no year after 投产 is told.
        coalesce(greatest(paid.tax_year - year(progress.operation_date), -1), -1) as year_no,
        paid.tax_year,
        paid.paid_tax_wan_cny as tax_wan_cny,
        null as tax_low_wan_cny,
        null as tax_high_wan_cny,
        paid.paid_tax_wan_cny / nullif(coalesce(paid.land_mu, leads.land_mu), 0) as tax_wan_cny_per_mu,
        null as land_mu,
        null as tax_pays_probability,
        '实缴税收（' || cast(paid.tax_year as varchar) || '年）' as source_text
    from paid
    inner join progress on paid.lead_id = progress.lead_id
    inner join {{ ref('stg_ledger__leads') }} as leads on paid.lead_id = leads.lead_id

)

select
    told.lead_id,
    told.tax_basis,
    cast(told.year_no as bigint) as year_no,
    case
        when told.year_no > 0 then '投产后第' || cast(told.year_no as varchar) || '年'
        when told.tax_basis = '实际' and told.year_no = 0 then '投产当年'
        when told.tax_basis = '实际' and progress.operation_date is not null then told.tax_year || '年（投产前）'
        when told.tax_basis = '实际' then told.tax_year || '年（未登记投产）'
        else '达产年'
    end as year_text,
    progress.project_name,
    progress.unit_name,
    progress.stage,
    told.tax_wan_cny,
    told.tax_low_wan_cny,
    told.tax_high_wan_cny,
    round(told.tax_wan_cny_per_mu, 4) as tax_wan_cny_per_mu,
    -- The land is asked for, not estimated: the interval per 亩 is that of the tax over it.
    round(told.tax_low_wan_cny / nullif(told.land_mu, 0), 4) as tax_low_wan_cny_per_mu,
    round(told.tax_high_wan_cny / nullif(told.land_mu, 0), 4) as tax_high_wan_cny_per_mu,
    told.tax_pays_probability,
    told.tax_basis in ('模型估算', '规则估算', '台账估算', '台账未注明性质') as is_estimate,
    told.source_text,
    progress.as_of_date
from told
inner join progress on told.lead_id = progress.lead_id
