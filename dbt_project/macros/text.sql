{#- The form in which names compare: half-width brackets, no spaces, upper case. -#}
{% macro name_form(column) -%}
    nullif(translate(upper({{ column }}), '（）〔〕【】　 ', '()()()'), '')
{%- endmacro %}

{#- One text out of several columns; the line break keeps a word from being found across two of them. -#}
{% macro joined_text(columns) -%}
    concat_ws(chr(10), {{ columns | join(', ') }})
{%- endmacro %}

{#- One regular expression of all product words, read from the landed chain file when the model is compiled.
    A constant pattern is one pass over the text for 220 words; only rows that pass are compared word by word. -#}
{% macro product_word_pattern() -%}
    {%- set pattern = '' -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select coalesce(string_agg(distinct regexp_escape(word), '|' order by regexp_escape(word)), '') as pattern from "
            ~ source('landing', 'chain_words') ~ " where not is_exclude"
        ) -%}
        {%- set pattern = found.columns[0].values()[0] -%}
    {%- endif -%}
    {#- Without a word nothing may match: an empty pattern would match everything. -#}
    '{{ (pattern or '[^\\s\\S]') | replace("'", "''") }}'
{%- endmacro %}
