{#- Province (as every spelling of it begins) and city of the district, by environment like the day (as_of.sql); both come from
    its own district.yaml and are checked there. -#}
{% macro local_province() -%}{{ _of_district('ZEYOU_LOCAL_PROVINCE') }}{%- endmacro %}

{% macro local_city() -%}{{ _of_district('ZEYOU_LOCAL_CITY') }}{%- endmacro %}

{% macro _of_district(name) -%}
    {%- set written = env_var(name, '') if execute else 'x' -%}
    {%- if not written -%}
        {{ exceptions.raise_compiler_error("没有本区的设置（district.yaml），不知道哪些企业算本地（" ~ name ~ "）") }}
    {%- endif -%}
    {{ return(written) }}
{%- endmacro %}
