{#- A number of seeds/business_rules.csv that holds on the as-of day (当日有效的规则); null if the office set none. -#}
{% macro rule(name) -%}
(
        select arg_max(number_value, valid_from)
        from {{ ref('business_rules') }}
        where rule = '{{ name }}' and valid_from < {{ as_of_date() }}
    )
{%- endmacro %}

{#- Words that warn in a text (红线词), as one text of names, rules of the day only; null if there is none. -#}
{% macro flags_in(text) -%}
(
        select string_agg(flag_name || '（' || action || '）', '、' order by flag_id)
        from {{ ref('red_flag_words') }}
        where valid_from < {{ as_of_date() }} and regexp_matches(translate({{ text }}, ' 　', ''), pattern)
    )
{%- endmacro %}

{#- Parts of a list that somebody wrote (、or ; between), blanks left out. -#}
{% macro written_list(column) -%}
list_filter(list_transform(regexp_split_to_array({{ column }}, '[、;；,，]'), x -> trim(x)), x -> x != '')
{%- endmacro %}
