{#- Whether something had happened, or was known, by a day (截至日以前，当日计入): the day itself counts, so papers of 30 June hold
    30 June. Without `day` it is the as-of day. Null where the date is null. No model compares with the as-of day on its own
    (docs/decisions/0065, tests/contract/test_meanings.py). -#}
{% macro by_the_day(date, day=none) -%}
    {{ date }} <= {{ day if day is not none else as_of_date() }}
{%- endmacro %}

{#- Whether a due day or a last day (到期日、有效期最后一天) is behind: on the day itself it still runs. -#}
{% macro before_the_day(date, day=none) -%}
    {{ date }} < {{ day if day is not none else as_of_date() }}
{%- endmacro %}

{#- When the tax of a year counts as known: on the day it was confirmed, else on the last day of its year. -#}
{% macro tax_known_date(relation=none) -%}
    {%- set of = relation ~ '.' if relation else '' -%}
    coalesce({{ of }}confirmed_date, make_date(cast({{ of }}tax_year as integer), 12, 31))
{%- endmacro %}

{#- Whether a lead was reported by a day; one of a ledger without dates of report counts as reported. -#}
{% macro reported_by(date, day=none) -%}
    coalesce({{ by_the_day(date, day) }}, true)
{%- endmacro %}
