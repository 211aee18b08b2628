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

{#- CTEs up to `matched`: rows of a relation with a key, industry_code and fit_text, and the nodes that a leading part of the code or a product
    word names. An exclude word (口罩机) switches off all words of its node in that text. The register goes another way
    (int_enterprise__chain_nodes), for its millions of texts. -#}
{% macro nodes_of(relation, key) -%}
by_code as (

    select
        subjects.{{ key }},
        prefixes.node_id,
        max(prefixes.digit_count) as matched_digits,
        bool_or(prefixes.is_whole) as is_whole_code
    from {{ relation }} as subjects
    inner join {{ ref('int_chain__prefixes') }} as prefixes
        on left(subjects.industry_code, prefixes.digit_count) = prefixes.prefix_code
    group by subjects.{{ key }}, prefixes.node_id

),

by_word as (

    select
        subjects.{{ key }},
        words.node_id,
        count(*) as matched_word_count,
        string_agg(words.word, '、' order by words.word_order) as matched_words
    from {{ relation }} as subjects
    inner join {{ ref('stg_chain__words') }} as words on contains(subjects.fit_text, words.word)
    group by subjects.{{ key }}, words.node_id
    having not bool_or(words.is_exclude)

),

matched as (

    select
        coalesce(by_code.{{ key }}, by_word.{{ key }}) as {{ key }},
        coalesce(by_code.node_id, by_word.node_id) as node_id,
        coalesce(by_code.matched_digits, 0) as matched_digits,
        coalesce(by_code.is_whole_code, false) as is_whole_code,
        coalesce(by_word.matched_word_count, 0) as matched_word_count,
        by_word.matched_words
    from by_code
    full outer join by_word on by_code.{{ key }} = by_word.{{ key }} and by_code.node_id = by_word.node_id

)
{%- endmacro %}
