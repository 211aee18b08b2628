-- Which signing counts (重复签约只计第一次), over all that is known; the board of repeat signings asks the same of a day.
{% set months = "(select arg_max(limit_value, valid_from) from " ~ source('office', 'board_limits') ~ " where rule_code = 'repeat_months')" %}
with moves as (

    select * from {{ ref('fct_stage_moves') }}

),

{{ grouped_signings('moves', months) }}

select
    lead_id,
    signed_date,
    enterprise_id,
    project_form,
    group_no,
    previous_lead_id,
    previous_signed_date,
    is_counted
from grouped_signings
where is_first_of_lead
