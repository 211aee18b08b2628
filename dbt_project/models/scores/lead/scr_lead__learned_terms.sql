-- What every learned term adds to a lead, looked up in what Python learned: SQL adds nothing and rounds nothing. Of the
-- day itself all parts; of the last six month ends the landing part alone, for its trend (走势).
with leads as (

    select *
    from {{ ref('ftr_lead__12m') }}
    where is_current or as_of_date > last_day(cast({{ as_of_date() }} - interval 7 month as date))

),

feature_values as (

    select
        lead_id,
        as_of_date,
        is_current,
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
    where kind != 'constant'
    group by part, term

),

lead_terms as (

    select
        feature_values.lead_id,
        feature_values.as_of_date,
        feature_values.is_current,
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
    where feature_values.is_current or terms.part = 'landing'

),

-- Bins are half open [lower, upper) and tile the line.
numbers as (

    select
        lead_terms.lead_id,
        lead_terms.as_of_date,
        lead_terms.is_current,
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
        lead_terms.as_of_date,
        lead_terms.is_current,
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

-- What is added to every lead alike: the level that is followed as it happens (总体水平).
constants as (

    select
        leads.lead_id,
        leads.as_of_date,
        leads.is_current,
        model_tables.part,
        model_tables.term,
        model_tables.term as feature,
        cast(null as varchar) as value_text,
        model_tables.value as contribution
    from model_tables
    cross join leads
    where model_tables.kind = 'constant' and (leads.is_current or model_tables.part = 'landing')

)

select
    lead_id,
    as_of_date,
    is_current,
    part,
    term,
    feature,
    value_text,
    contribution
from numbers

union all

select
    lead_id,
    as_of_date,
    is_current,
    part,
    term,
    feature,
    value_text,
    contribution
from categories

union all

select
    lead_id,
    as_of_date,
    is_current,
    part,
    term,
    feature,
    value_text,
    contribution
from constants
