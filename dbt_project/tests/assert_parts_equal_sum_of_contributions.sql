-- The score is the sum of its reasons to the last digit (分数等于理由之和): equal, not nearly equal.
{{ config(meta={'dagster': {'ref': {'name': 'scr_lead__parts'}}}) }}
with sums as (

    select
        lead_id,
        sum(contribution) filter (where part = 'landing') as landing_sum,
        sum(contribution) filter (where part = 'tax') as tax_sum,
        coalesce(sum(contribution) filter (where part = 'tax_low'), 0) as tax_low_sum,
        coalesce(sum(contribution) filter (where part = 'tax_high'), 0) as tax_high_sum,
        coalesce(sum(contribution) filter (where part = 'fit'), 0) as fit_sum
    from {{ ref('scr_lead__contributions') }}
    group by lead_id

)

select parts.lead_id
from {{ ref('scr_lead__parts') }} as parts
left join sums on parts.lead_id = sums.lead_id
left join {{ source('learning', 'model_versions') }} as versions on versions.part = 'tax'
where parts.landing_base_logit + coalesce(sums.landing_sum, 0) is distinct from parts.landing_logit
    or parts.tax_base_log + coalesce(sums.tax_sum, 0) is distinct from parts.tax_log
    or coalesce(sums.fit_sum, 0) is distinct from parts.chain_fit
    or case
        when versions.interval_low_offset + coalesce(sums.tax_low_sum, 0) <= 0
            then greatest(exp(parts.tax_log + (versions.interval_low_offset + coalesce(sums.tax_low_sum, 0))) - 1, 0.0)
                is distinct from parts.tax_low_wan_cny
    end
    or case
        when versions.interval_high_offset + coalesce(sums.tax_high_sum, 0) >= 0
            then greatest(exp(parts.tax_log + (versions.interval_high_offset + coalesce(sums.tax_high_sum, 0))) - 1, 0.0)
                is distinct from parts.tax_high_wan_cny
    end
    or parts.tax_low_wan_cny > greatest(exp(parts.tax_log) - 1, 0.0)
    or parts.tax_high_wan_cny < greatest(exp(parts.tax_log) - 1, 0.0)
