{#- The form in which editions compare: 《》, brackets and spaces apart. -#}
{% macro edition_form(column) -%}
    regexp_replace({{ column }}, '[《》〈〉()（）【】\[\]\s　]', '', 'g')
{%- endmacro %}

{#- Whether an item's edition is one of catalogue_editions; an edition `*` stands for any. -#}
{% macro same_edition(items, editions) -%}
    {{ items }}.catalogue_name = {{ editions }}.catalogue_name
    and (
        {{ editions }}.catalogue_edition = '*'
        or {{ edition_form(items ~ '.catalogue_edition') }} = {{ edition_form(editions ~ '.catalogue_edition') }}
    )
{%- endmacro %}

{#- CTE `rules`: thresholds as one row, the last that holds on the day; without a day the last of all. -#}
{% macro rules_row(names, day=none) -%}
rules as (

    select
        {%- for name in names %}
        arg_max(value, valid_from) filter (where rule = '{{ name }}') as {{ name }},
        arg_max(case when is_verified then '' else '（未核实）' end, valid_from)
            filter (where rule = '{{ name }}') as {{ name }}_note{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ source('office', 'chain_rules') }}
    {%- if day is not none %}
    where {{ by_the_day('valid_from', day) }}
    {%- endif %}

)
{%- endmacro %}

{#- CTEs up to `catalogue_hits`: rows of a relation with subject_key, screen_text, industry_code, is_foreign, is_new_capacity and node_id
    against all catalogue items. One row per subject and item. A code alone never says 禁止 (screen_rules), nor do words that the
    known code contradicts. Which edition is in force is asked by the reader, who knows the day. -#}
{% macro catalogue_hits(relation) -%}
catalogue as (

    select
        items.catalogue_name,
        items.catalogue_edition,
        items.item_no,
        items.item_text,
        items.item_kind,
        items.valid_from_date,
        items.valid_to_date,
        items.document_no,
        coalesce(items.is_verified, false) as is_verified,
        {{ written_set('items.industry_codes') }} as item_codes,
        {{ written_set('items.item_words') }} as item_words,
        {{ written_set('items.node_ids') }} as item_nodes,
        editions.valid_from as edition_from,
        editions.valid_to as edition_to,
        editions.catalogue_name is not null
        or items.catalogue_name not in (select known.catalogue_name from {{ source('office', 'catalogue_editions') }} as known)
            as is_known_edition,
        coalesce(exact.applies_to, other.applies_to, '全部') as applies_to,
        coalesce(exact.text_result, other.text_result, '疑似') as text_result,
        case
            when exact.item_kind is not null then exact.code_result
            when other.item_kind is not null then other.code_result
            else '疑似'
        end as code_result
    from {{ ref('stg_ledger__catalogue_items') }} as items
    left join {{ source('office', 'catalogue_editions') }} as editions
        on {{ same_edition('items', 'editions') }}
    left join {{ source('office', 'screen_rules') }} as exact
        on items.catalogue_name = exact.catalogue_name and items.item_kind = exact.item_kind
    left join {{ source('office', 'screen_rules') }} as other
        on other.catalogue_name = '*' and items.item_kind = other.item_kind

),

compared as (

    select
        subjects.subject_key,
        catalogue.*,
        list_filter(catalogue.item_words, lambda word: contains(subjects.screen_text, word)) as hit_words,
        len(list_filter(catalogue.item_codes, lambda code: starts_with(subjects.industry_code, code))) > 0 as is_code_hit,
        list_contains(catalogue.item_nodes, subjects.node_id) as is_node_hit,
        len(catalogue.item_codes) > 0 and subjects.industry_code is not null as is_code_asked
    from {{ relation }} as subjects
    inner join catalogue
        on catalogue.applies_to = '全部'
        or (catalogue.applies_to = '外资' and subjects.is_foreign)
        or (catalogue.applies_to = '新建产能' and subjects.is_new_capacity)

),

catalogue_hits as (

    select
        subject_key,
        catalogue_name,
        catalogue_edition,
        item_no,
        item_text,
        item_kind,
        valid_from_date,
        valid_to_date,
        edition_from,
        edition_to,
        document_no,
        is_verified,
        is_known_edition,
        nullif(array_to_string(hit_words, '、'), '') as hit_words,
        case
            when len(hit_words) > 0 and is_code_asked and not coalesce(is_code_hit, false) then '仅文字相符，行业代码不符'
            when len(hit_words) > 0 and coalesce(is_code_hit, false) then '文字与行业代码都相符'
            when len(hit_words) > 0 then '文字相符'
            when coalesce(is_code_hit, false) then '仅行业代码相符'
            else '环节相符'
        end as evidence_kind,
        case
            when text_result = '标签' and (len(hit_words) > 0 or is_node_hit) then '标签'
            when len(hit_words) > 0 and (coalesce(is_code_hit, false) or not is_code_asked) and is_known_edition then text_result
            else code_result
        end as item_result
    from compared
    where len(hit_words) > 0
        or (coalesce(is_code_hit, false) and code_result is not null)
        or (coalesce(is_node_hit, false) and text_result = '标签')

)
{%- endmacro %}

{#- Whether an item counts on a day: it expires on 失效日期 itself (到期当日即不再适用). -#}
{% macro in_force(hits, day) -%}
    {{ by_the_day(hits ~ '.valid_from_date', day) }}
    and coalesce(not {{ by_the_day(hits ~ '.valid_to_date', day) }}, true)
    and coalesce(not {{ by_the_day(hits ~ '.edition_to', day) }}, true)
{%- endmacro %}

{#- How an item is quoted: catalogue, edition, number, text, date, and whether anyone verified it. -#}
{% macro item_quoted(hits) -%}
    {{ hits }}.catalogue_name || '（' || {{ edition_form(hits ~ '.catalogue_edition') }} || '）'
    || case when starts_with({{ hits }}.item_no, {{ hits }}.item_kind) then '' else {{ hits }}.item_kind end || {{ hits }}.item_no || '“'
    || {{ hits }}.item_text || '”，' || strftime({{ hits }}.valid_from_date, '%Y-%m-%d') || '起施行，' || {{ hits }}.evidence_kind
    || coalesce('：' || {{ hits }}.hit_words, '')
    || case when not {{ hits }}.is_known_edition then '，版本未登记' else '' end
    || case when {{ hits }}.is_verified then '' else '，条目未核实' end
{%- endmacro %}

{#- CTEs up to `screens`: firms of a relation, by a key, as the catalogues of the day judge their name and scope as new capacity.
    One row per firm that an item in force speaks of; 通过 has no row. -#}
{% macro screened_firms(relation, key, day) -%}
subjects as (

    select
        {{ key }} as subject_key,
        {{ joined_text(['enterprise_name', 'business_scope']) }} as screen_text,
        industry_code,
        coalesce(regexp_matches(enterprise_type, '外商|港澳台|台港澳|外资|中外'), false) as is_foreign,
        true as is_new_capacity,
        cast(null as varchar) as node_id
    from {{ relation }}

),

{{ catalogue_hits('subjects') }},

screens as (

    select
        hits.subject_key,
        bool_or(hits.item_result = '禁止') as is_forbidden,
        bool_or(hits.item_result = '疑似') as is_doubtful,
        string_agg({{ item_quoted('hits') }}, '；' order by hits.catalogue_name, hits.item_no) as screen_text
    from catalogue_hits as hits
    where hits.item_result in ('禁止', '疑似') and {{ in_force('hits', day) }}
    group by hits.subject_key

)
{%- endmacro %}
