-- Foreign money in 万美元, each amount with the rate it was stated or converted at. Written in US dollars, the ledger's own
-- rate turns it back; anything else takes the month's one stated dollar rate. No rate, or two different ones (nobody chooses
-- between them here): null, never 0, and counted as not converted.
with rates as (

    select
        date_trunc('month', rate_month_date) as month_date,
        min(cny_per_unit) as cny_per_unit,
        string_agg(distinct rate_source, '、' order by rate_source) as rate_source
    from {{ ref('stg_ledger__exchange_rates') }}
    where currency = 'USD' and cny_per_unit > 0
    group by 1
    having count(distinct cny_per_unit) = 1

),

months as (

    select * from {{ ref('int_project__months') }}

),

amounts as (

    select
        lead_id,
        '合同外资' as fdi_kind,
        agreed_contract_no as document_no,
        agreed_date as counted_date,
        agreed_date as known_date,
        fdi_wan_cny as amount_wan_cny,
        fdi_currency as currency,
        fdi_rate as written_rate
    from {{ ref('stg_ledger__project_commitments') }}
    where fdi_wan_cny > 0

    union all

    select
        lead_id,
        '计划外资' as fdi_kind,
        '线索台账' as document_no,
        reported_date as counted_date,
        reported_date as known_date,
        fdi_wan_cny as amount_wan_cny,
        fdi_currency as currency,
        fdi_rate as written_rate
    from {{ ref('stg_ledger__leads') }}
    where fdi_wan_cny > 0 and reported_date is not null

    union all

    select
        lead_id,
        '实际使用外资' as fdi_kind,
        coalesce(evidence_no, strftime(period_date, '%Y-%m')) as document_no,
        period_date as counted_date,
        known_date,
        paid_in_fdi_wan_cny as amount_wan_cny,
        paid_in_fdi_currency as currency,
        paid_in_fdi_rate as written_rate
    from months
    where paid_in_fdi_wan_cny > 0

    union all

    -- A plan of a month, that of months to come too: the ledger does not say when it was made.
    select
        lead_id,
        '月度计划' as fdi_kind,
        strftime(period_date, '%Y-%m') as document_no,
        period_date as counted_date,
        cast(null as date) as known_date,
        planned_fdi_wan_cny as amount_wan_cny,
        planned_fdi_currency as currency,
        planned_fdi_rate as written_rate
    from months
    where planned_fdi_wan_cny > 0

)

select
    amounts.lead_id,
    amounts.fdi_kind,
    amounts.document_no,
    amounts.counted_date,
    amounts.known_date,
    amounts.amount_wan_cny,
    case when amounts.currency = 'USD' then amounts.written_rate else rates.cny_per_unit end as usd_rate,
    case when amounts.currency = 'USD' then '台账填报' else rates.rate_source end as rate_source,
    round(
        amounts.amount_wan_cny
        / nullif(case when amounts.currency = 'USD' then amounts.written_rate else rates.cny_per_unit end, 0), 4
    ) as amount_wan_usd
from amounts
inner join {{ ref('int_lead__units') }} as leads on amounts.lead_id = leads.lead_id
left join rates on date_trunc('month', amounts.counted_date) = rates.month_date
-- A lead of an unknown unit counts nowhere, nor does its money.
where leads.unit_name is not null
