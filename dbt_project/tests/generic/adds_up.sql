{#- Every row is accounted for: the total equals the sum of its parts (行数相符). -#}
{% test adds_up(model, total, parts) %}
select
    *,
    {{ parts | join(' + ') }} as sum_of_parts
from {{ model }}
where {{ total }} is distinct from {{ parts | join(' + ') }}
{% endtest %}
