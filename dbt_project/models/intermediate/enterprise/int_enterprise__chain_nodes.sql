-- Which enterprises of the register stand on which nodes, in one pass. Codes are looked up once per distinct code, words only in texts that the
-- one pattern of all words lets through. What is kept of a row that matches by its code alone is small: its text is dropped (5 million rows,
-- most of them manufacturers: 1.2 GB was not enough for an outer join of codes and words).
with industry_codes as (

    select distinct industry_code
    from {{ ref('stg_register__landed_rows') }}
    where industry_code is not null

),

code_nodes as (

    select
        industry_codes.industry_code,
        prefixes.node_id,
        max(prefixes.digit_count) as matched_digits,
        bool_or(prefixes.is_whole) as is_whole_code
    from industry_codes
    inner join {{ ref('int_chain__prefixes') }} as prefixes
        on left(industry_codes.industry_code, prefixes.digit_count) = prefixes.prefix_code
    group by industry_codes.industry_code, prefixes.node_id

),

coded as (

    select distinct industry_code
    from code_nodes

),

texts as (

    select
        enterprises.*,
        {{ joined_text(['enterprises.enterprise_name', 'enterprises.business_scope']) }} as fit_text
    from {{ ref('stg_register__enterprises') }} as enterprises

),

judged as (

    select
        texts.source_row,
        texts.enterprise_key,
        texts.enterprise_name,
        texts.industry_code,
        texts.registered_capital_wan_cny,
        texts.is_local,
        texts.is_struck_off,
        coded.industry_code is not null as has_code,
        regexp_matches(texts.fit_text, {{ product_word_pattern() }}) as has_word,
        texts.fit_text
    from texts
    left join coded on texts.industry_code = coded.industry_code

),

kept as materialized (

    select
        source_row,
        enterprise_key,
        industry_code,
        registered_capital_wan_cny,
        is_local,
        is_struck_off,
        has_code,
        has_word,
        case when has_word then fit_text end as fit_text,
        -- What a name says of a firm that makes nothing itself (dbt_project.yml name_kinds), asked only of those that match.
        case
            {%- for kind, words in var('name_kinds').items() %}
            when regexp_matches(enterprise_name, '{{ words | join('|') }}') then '{{ kind }}'
            {%- endfor %}
        end as name_kind
    from judged
    where has_code or has_word

),

word_hits as (

    select
        kept.source_row,
        words.node_id,
        count(*) as matched_word_count,
        string_agg(words.word, '、' order by words.word_order) as matched_words
    from kept
    inner join {{ ref('stg_chain__words') }} as words on contains(kept.fit_text, words.word)
    where kept.has_word
    group by kept.source_row, words.node_id
    -- An exclude word (口罩机) switches off all words of its node in this text.
    having not bool_or(words.is_exclude)

),

matched as (

    select
        kept.enterprise_key,
        kept.registered_capital_wan_cny,
        kept.is_local,
        kept.is_struck_off,
        kept.name_kind,
        kept.source_row,
        code_nodes.node_id,
        code_nodes.matched_digits,
        code_nodes.is_whole_code,
        coalesce(word_hits.matched_word_count, 0) as matched_word_count,
        word_hits.matched_words
    from kept
    inner join code_nodes on kept.industry_code = code_nodes.industry_code
    left join word_hits on kept.source_row = word_hits.source_row and code_nodes.node_id = word_hits.node_id
    where kept.has_code

    union all

    -- Whether a code matches too is asked of the few codes, not of the rows.
    select
        kept.enterprise_key,
        kept.registered_capital_wan_cny,
        kept.is_local,
        kept.is_struck_off,
        kept.name_kind,
        kept.source_row,
        word_hits.node_id,
        cast(0 as bigint) as matched_digits,
        false as is_whole_code,
        word_hits.matched_word_count,
        word_hits.matched_words
    from word_hits
    inner join kept on word_hits.source_row = kept.source_row
    anti join code_nodes
        on kept.industry_code = code_nodes.industry_code and word_hits.node_id = code_nodes.node_id

)

select
    enterprise_key,
    node_id,
    matched_digits,
    matched_word_count,
    matched_words,
    -- A firm stands on the node that its products and scope name, or whose code it bears and no other node shares.
    is_whole_code or matched_word_count > 0 as stands_on_node,
    registered_capital_wan_cny,
    is_local,
    is_struck_off,
    name_kind,
    source_row
from matched
