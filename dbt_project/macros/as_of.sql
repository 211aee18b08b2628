{#- The day before which facts are known (截至日), checked: a typing error must not become a null comparison. -#}
{% macro as_of_date() -%}
    {#- By environment at night: a changed --vars makes dbt parse the whole project again, and so does an environment that
        parsing looked at (67 models, 5 s a build): only what is executed asks for the day. -#}
    {%- set written = (env_var('ZEYOU_AS_OF', var('as_of') | string)) if execute else '1900-01-01' -%}
    {%- if not modules.re.match('^[0-9]{4}-[0-9]{2}-[0-9]{2}$', written) -%}
        {{ exceptions.raise_compiler_error("as_of：“" ~ written ~ "”应为日期，如 2026-06-30") }}
    {%- endif -%}
    date '{{ written }}'
{%- endmacro %}

{#- Whether a lead was reported before a day; one of a ledger without dates of report counts as reported. -#}
{% macro reported_before(column, day) -%}
    coalesce({{ column }} < {{ day }}, true)
{%- endmacro %}

{#- Features that models may use, in the order of landing.yaml of the office, then those only of tax.yaml.
    tests/dbt compares the list with both settings files. -#}
{% macro numeric_features() -%}
    {{ return([
        'days_since_reported', 'follow_up_count', 'follow_up_count_90d', 'days_since_follow_up',
        'principal_led_count', 'in_person_count_90d', 'interested_count_90d', 'investment_wan_cny',
        'fixed_investment_pct', 'land_mu', 'investment_per_mu_wan_cny', 'expected_output_wan_cny',
        'promised_tax_wan_cny', 'registered_capital_wan_cny', 'enterprise_age_years', 'chain_fit',
    ]) }}
{%- endmacro %}

{% macro categorical_features() -%}
    {{ return(['is_in_register', 'is_foreign', 'lead_source', 'industry_section', 'chain_id']) }}
{%- endmacro %}
