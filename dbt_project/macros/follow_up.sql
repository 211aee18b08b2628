{#- The value of a dated rule of a seed on the as-of day (截至日适用的规则): the newest that held before it. -#}
{% macro dated_rule(seed, key_column, key, value) -%}
    (
        select arg_max({{ value }}, valid_from)
        from {{ ref(seed) }}
        where {{ key_column }} = '{{ key }}' and valid_from < {{ as_of_date() }}
    )
{%- endmacro %}

{#- 红、黄 or 绿 of a figure that is worse the larger it is; null where the figure is null (暂无). -#}
{% macro light_of(figure, light_key) -%}
    case
        when {{ figure }} >= {{ dated_rule('traffic_lights', 'light_key', light_key, 'red_from') }} then '红'
        when {{ figure }} >= {{ dated_rule('traffic_lights', 'light_key', light_key, 'yellow_from') }} then '黄'
        when {{ figure }} is not null then '绿'
    end
{%- endmacro %}

{#- A number as people write it: no trailing zeros; null stays null. -#}
{% macro plain_number(figure) -%}
    regexp_replace(printf('%.2f', {{ figure }}), '\.?0+$', '')
{%- endmacro %}

{#- Counted in the one measure of the indicator: 亿元 as 万元. -#}
{% macro in_wan(figure, written_measure) -%}
    case when {{ written_measure }} = '亿元' then {{ figure }} * 10000 else {{ figure }} end
{%- endmacro %}
