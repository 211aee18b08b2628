{#- A task that was never set is null and reads 未下达, with neither gap nor completion; it is never 0. -#}
{% test missing_target_reads_not_set(model) %}
select *
from {{ model }}
where (target_value is null) != (target_text = '未下达')
    or (target_value is null and (gap_value is not null or completion_pct is not null))
    or (target_value is not null and done_value is not null and gap_value is null)
{% endtest %}
