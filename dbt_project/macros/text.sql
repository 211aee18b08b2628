{#- The form in which names compare: half-width brackets, no spaces, upper case. -#}
{% macro name_form(column) -%}
    nullif(translate(upper({{ column }}), '（）〔〕【】　 ', '()()()'), '')
{%- endmacro %}

{#- One text out of several columns; the line break keeps a word from being found across two of them. -#}
{% macro joined_text(columns) -%}
    concat_ws(chr(10), {{ columns | join(', ') }})
{%- endmacro %}

{#- One regular expression of all product words, read from the chain file when the model is compiled.
    A constant pattern is one pass over the text for 220 words; only rows that pass are compared word by word. -#}
{% macro product_word_pattern() -%}
    {%- set words = ref('stg_chain__words') -%}
    {%- set pattern = '' -%}
    {%- if execute -%}
        {%- set found = run_query(
            "select coalesce(string_agg(distinct regexp_escape(word), '|' order by regexp_escape(word)), '') as pattern from "
            ~ words ~ " where not is_exclude"
        ) -%}
        {%- set pattern = found.columns[0].values()[0] -%}
    {%- endif -%}
    {#- Without a word nothing may match: an empty pattern would match everything. -#}
    '{{ (pattern or '[^\\s\\S]') | replace("'", "''") }}'
{%- endmacro %}

{#- A number in words: two decimals at most, no trailing zeros; null stays null. -#}
{% macro number_text(expression) -%}
    regexp_replace(printf('%.2f', cast({{ expression }} as double)), '\.?0+$', '')
{%- endmacro %}

{#- Parts of a list that somebody wrote (、；，分隔), in the order written, blanks left out. -#}
{% macro written_list(column, separators='、;；,，') -%}
    list_filter(
        list_transform(regexp_split_to_array({{ column }}, '[{{ separators }}]'), lambda part: trim(part)), lambda part: part != ''
    )
{%- endmacro %}

{#- The same for codes and words, which hold no space (空格也分隔): each once, and none where nothing was written. -#}
{% macro written_set(column) -%}
    list_distinct({{ written_list("coalesce(" ~ column ~ ", '')", '、;；,，\\s') }})
{%- endmacro %}
