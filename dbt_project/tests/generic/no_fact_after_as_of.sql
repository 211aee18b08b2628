{#- Point in time (时点一致): no fact used in a row was known after its as-of day. -#}
{% test no_fact_after_as_of(model, fact_date, as_of_date) %}
select *
from {{ model }}
where {{ fact_date }} is null
    or {{ fact_date }} > {{ as_of_date }}
{% endtest %}
