{#- A number of business_rules.csv that holds on the as-of day (当日有效的规则); null if the office set none. -#}
{% macro rule(name) -%}
(
        select arg_max(number_value, valid_from)
        from {{ source('office', 'business_rules') }}
        where rule = '{{ name }}' and {{ by_the_day('valid_from') }}
    )
{%- endmacro %}

{#- Rules of the law that a text meets on the day (红线), as one text of names; null if none. A text that was not scanned says so:
    silence would read as lawful. -#}
{% macro flags_in(text) -%}
(
        select
            case
                when count(*) = 0 and {{ text }} is not null then '未经扫描（需审查）'
                else string_agg(rule_name || '（' || verdict || '）', '、' order by rule_id)
                    filter (where {{ by_the_day('valid_from_date') }})
            end
        from {{ ref('stg_law__text_findings') }} as findings
        where findings.text = {{ text }}
    )
{%- endmacro %}

{#- A text without its sums, shares and discounts where a condition holds: an amount must not leave by another column. -#}
{% macro amounts_hidden(column, condition) -%}
case
        when {{ condition }}
            then regexp_replace({{ column }}, '[0-9０-９一二三四五六七八九十百千两零.．]+ *[百千]?[万亿]*(元|[％%]|折|成|个点)', '…', 'g')
        else {{ column }}
    end
{%- endmacro %}

{#- Whether a ledger (台账) has sent a row at all: what no ledger tells is 暂无, never 0 and never a rank. -#}
{% macro is_kept(ledger) -%}
    (select max(landed_count) > 0 from {{ ref('stg_ledger__landed_counts') }} where ledger = '{{ ledger }}')
{%- endmacro %}
