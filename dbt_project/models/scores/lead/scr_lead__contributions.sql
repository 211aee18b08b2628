-- Reasons of every current lead (逐项理由), looked up in what Python learned: SQL adds nothing and rounds nothing, so the
-- score of a lead is the sum of its rows to the last digit.
with leads as (

    select * from {{ ref('ftr_lead__12m') }} where is_current

),

feature_values as (

    select
        lead_id,
        unnest([
            {%- for feature in numeric_features() %}
            {
                'feature': '{{ feature }}',
                'value_number': cast({{ feature }} as double),
                'value_text': cast({{ feature }} as varchar)
            },
            {%- endfor %}
            {%- for feature in categorical_features() %}
            {
                'feature': '{{ feature }}',
                'value_number': cast(null as double),
                'value_text': cast({{ feature }} as varchar)
            }{{ ',' if not loop.last }}
            {%- endfor %}
        ], recursive := true)
    from leads

),

-- pandas writes an absent bound as null or as NaN, depending on the way it took.
model_tables as (

    select
        part,
        term,
        feature,
        kind,
        case when not isnan(lower) then lower end as lower_bound,
        case when not isnan(upper) then upper end as upper_bound,
        category,
        value
    from {{ source('learning', 'model_tables') }}
    where kind != 'intercept'

),

terms as (

    select
        part,
        term,
        min(feature) as feature,
        bool_or(kind = 'numeric') as is_numeric,
        coalesce(max(value) filter (where kind = 'missing'), 0.0) as missing_value,
        coalesce(max(value) filter (where kind = 'other'), 0.0) as other_value
    from model_tables
    group by part, term

),

lead_terms as (

    select
        feature_values.lead_id,
        terms.part,
        terms.term,
        terms.feature,
        terms.is_numeric,
        terms.missing_value,
        terms.other_value,
        feature_values.value_number,
        feature_values.value_text
    from terms
    inner join feature_values on terms.feature = feature_values.feature

),

-- Bins are half open [lower, upper) and tile the line.
numbers as (

    select
        lead_terms.lead_id,
        lead_terms.part,
        lead_terms.term,
        lead_terms.feature,
        lead_terms.value_text,
        case when lead_terms.value_number is null then lead_terms.missing_value else bins.value end as contribution
    from lead_terms
    left join model_tables as bins
        on lead_terms.part = bins.part
        and lead_terms.term = bins.term
        and bins.kind = 'numeric'
        and (bins.lower_bound is null or lead_terms.value_number >= bins.lower_bound)
        and (bins.upper_bound is null or lead_terms.value_number < bins.upper_bound)
    where lead_terms.is_numeric

),

categories as (

    select
        lead_terms.lead_id,
        lead_terms.part,
        lead_terms.term,
        lead_terms.feature,
        lead_terms.value_text,
        case
            when lead_terms.value_text is null then lead_terms.missing_value
            else coalesce(known.value, lead_terms.other_value)
        end as contribution
    from lead_terms
    left join model_tables as known
        on lead_terms.part = known.part
        and lead_terms.term = known.term
        and known.kind = 'category'
        and lead_terms.value_text = known.category
    where not lead_terms.is_numeric

),

best_fit as (

    select fit.*
    from {{ ref('int_lead__chain_fit') }} as fit
    inner join leads on fit.lead_id = leads.lead_id
    where fit.node_rank = 1

),

fit_parts as (

    select
        lead_id,
        unnest([
            {
                'term': 'industry_code', 'value_text': cast(matched_digits as varchar),
                'contribution': industry_code_points, 'level_label': industry_code_label
            },
            {
                'term': 'product_word', 'value_text': matched_words,
                'contribution': product_word_points, 'level_label': product_word_label
            },
            {
                'term': 'gap_class', 'value_text': gap_class,
                'contribution': gap_class_points, 'level_label': gap_class_label
            },
            {
                'term': 'key_node', 'value_text': cast(is_key as varchar),
                'contribution': key_node_points, 'level_label': key_node_label
            },
            {
                'term': 'local_suppliers', 'value_text': cast(local_supplier_count as varchar),
                'contribution': local_suppliers_points, 'level_label': local_suppliers_label
            },
            {
                'term': 'local_customers', 'value_text': cast(local_customer_count as varchar),
                'contribution': local_customers_points, 'level_label': local_customers_label
            },
            {
                'term': 'local_leader', 'value_text': cast(leader_hop as varchar),
                'contribution': local_leader_points, 'level_label': local_leader_label
            }
        ], recursive := true)
    from best_fit

)

select
    lead_id,
    part,
    term,
    feature,
    value_text,
    contribution,
    cast(null as varchar) as level_label
from numbers

union all

select
    lead_id,
    part,
    term,
    feature,
    value_text,
    contribution,
    cast(null as varchar) as level_label
from categories

union all

select
    lead_id,
    'fit' as part,
    term,
    term as feature,
    value_text,
    contribution,
    level_label
from fit_parts
