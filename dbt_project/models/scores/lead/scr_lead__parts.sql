-- The three numbers of a lead, with their bases: landing on the log-odds scale, tax as log1p(万元), fit in points. The ends
-- of the interval of tax (models/tax/interval.py) lie an offset and a sum of reasons from it, never on its other side.
with leads as (

    select * from {{ ref('ftr_lead__12m') }} where is_current

),

intercepts as (

    select
        max(value) filter (where part = 'landing') as landing_base_logit,
        max(value) filter (where part = 'tax') as tax_base_log,
        max(value) filter (where part = 'tax_pays') as tax_pays_base_logit
    from {{ source('learning', 'model_tables') }}
    where kind = 'intercept'

),

versions as (

    select
        max(kind) filter (where part = 'landing') as landing_kind,
        max(version) filter (where part = 'landing') as landing_version,
        max(kind) filter (where part = 'tax') as tax_kind,
        max(version) filter (where part = 'tax') as tax_version,
        max(interval_low_offset) filter (where part = 'tax') as interval_low_offset,
        max(interval_high_offset) filter (where part = 'tax') as interval_high_offset
    from {{ source('learning', 'model_versions') }}

),

-- Values of the tables are dyadic (models/additive/tables.py): the sum is exact in any order.
sums as (

    select
        lead_id,
        sum(contribution) filter (where part = 'landing') as landing_sum,
        sum(contribution) filter (where part = 'tax') as tax_sum,
        sum(contribution) filter (where part = 'tax_low') as tax_low_sum,
        sum(contribution) filter (where part = 'tax_high') as tax_high_sum,
        sum(contribution) filter (where part = 'tax_pays') as tax_pays_sum
    from {{ ref('scr_lead__contributions') }}
    group by lead_id

),

best_fit as (

    select * from {{ ref('int_lead__chain_fit') }} where node_rank = 1

),

scored as (

    select
        leads.*,
        intercepts.landing_base_logit,
        intercepts.landing_base_logit + coalesce(sums.landing_sum, 0) as landing_logit,
        intercepts.tax_base_log,
        intercepts.tax_base_log + coalesce(sums.tax_sum, 0) as tax_log,
        versions.* exclude (interval_low_offset, interval_high_offset),
        intercepts.tax_pays_base_logit + coalesce(sums.tax_pays_sum, 0) as tax_pays_logit,
        versions.interval_low_offset + coalesce(sums.tax_low_sum, 0) as tax_low_reach,
        versions.interval_high_offset + coalesce(sums.tax_high_sum, 0) as tax_high_reach
    from leads
    cross join intercepts
    cross join versions
    left join sums on leads.lead_id = sums.lead_id

)

select
    scored.lead_id,
    scored.project_name,
    scored.enterprise_name,
    scored.uscc,
    scored.unit_name,
    scored.stage,
    scored.is_open,
    scored.reported_date,
    scored.landing_logit,
    scored.landing_base_logit,
    scored.tax_log,
    scored.tax_base_log,
    greatest(exp(scored.tax_log + case when scored.tax_low_reach > 0 then 0 else scored.tax_low_reach end) - 1, 0.0) as tax_low_wan_cny,
    greatest(exp(scored.tax_log + case when scored.tax_high_reach < 0 then 0 else scored.tax_high_reach end) - 1, 0.0) as tax_high_wan_cny,
    1 / (1 + exp(-scored.tax_pays_logit)) as tax_pays_probability,
    scored.chain_fit,
    best_fit.node_name as chain_node,
    best_fit.node_id,
    best_fit.chain_id,
    best_fit.chain_name,
    best_fit.gap_class,
    best_fit.fit_confidence,
    best_fit.fit_evidence_text,
    best_fit.local_supplier_count,
    best_fit.local_customer_count,
    best_fit.leader_hop,
    case
        when screens.screen_result = '禁止' then '准入筛查为禁止：' || screens.screen_text
        when scored.landing_logit is null then '没有落地模型表，不能打分'
        when scored.tax_log is null then '没有税收模型表，不能打分'
    end as excluded_reason,
    screens.screen_result,
    screens.screen_text,
    screens.unjudged_text,
    scored.as_of_date,
    scored.landing_kind,
    scored.tax_kind,
    scored.landing_version,
    scored.tax_version
from scored
left join best_fit on scored.lead_id = best_fit.lead_id
left join {{ ref('brd_lead__screens') }} as screens on scored.lead_id = screens.lead_id
