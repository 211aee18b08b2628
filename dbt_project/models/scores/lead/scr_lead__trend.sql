-- How likely a lead has been to land, told by the model in use from what was known at each month end (落地可能性走势): a change
-- is a change of the lead, never of the model.
with base as (

    select max(value) as landing_base_logit
    from {{ source('learning', 'model_tables') }}
    where part = 'landing' and kind = 'intercept'

),

told as (

    select
        lead_id,
        as_of_date,
        sum(contribution) as landing_sum
    from {{ ref('scr_lead__learned_terms') }}
    where part = 'landing'
    group by lead_id, as_of_date

)

select
    features.lead_id,
    features.unit_name,
    features.as_of_date as told_date,
    features.stage,
    1.0 / (1.0 + exp(-(base.landing_base_logit + coalesce(told.landing_sum, 0)))) as landing_probability
from {{ ref('ftr_lead__12m') }} as features
cross join base
left join told
    on features.lead_id = told.lead_id
    and features.as_of_date = told.as_of_date
where
    (features.is_current or features.as_of_date > last_day(cast({{ as_of_date() }} - interval 7 month as date)))
    and features.is_open
    and base.landing_base_logit is not null
