{% macro fit_components() -%}
    {{ return([
        'industry_code', 'product_word', 'gap_class', 'key_node', 'local_suppliers', 'local_customers', 'local_leader',
    ]) }}
{%- endmacro %}

{#- Points and reached level of every component (契合度分项), as columns. -#}
{% macro fit_columns() -%}
    {%- for component in fit_components() %}
    {{ component }}_points,
    {{ component }}_label{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- CTE `fitted`: rows of a relation with node_id, matched_digits and matched_word_count, and the points that they earn.
    The same arithmetic as models.chain.fit_points, for leads and for enterprises; tests/dbt compares them. -#}
{% macro fit_of_matches(relation) -%}
fitted as (

    select
        matches.*,
        nodes.* exclude (node_id),
        code_level.points as industry_code_points,
        code_level.level_label as industry_code_label,
        word_level.points as product_word_points,
        word_level.level_label as product_word_label,
        code_level.points + word_level.points + nodes.node_value_points as chain_fit,
        case when matches.matched_digits >= 2 then '正常' else '{{ var('text_only_confidence') }}' end as fit_confidence
    from {{ relation }} as matches
    inner join {{ ref('int_chain__nodes') }} as nodes on matches.node_id = nodes.node_id
    inner join {{ ref('int_chain__levels') }} as code_level
        on code_level.component = 'industry_code'
        and least(matches.matched_digits, code_level.max_reached) = code_level.reached_count
    inner join {{ ref('int_chain__levels') }} as word_level
        on word_level.component = 'product_word'
        and least(matches.matched_word_count, word_level.max_reached) = word_level.reached_count

)
{%- endmacro %}
