-- Which enterprises of the register stand on which nodes. Codes are matched once per distinct code, words only in texts
-- that the one pattern of all words lets through. Written so that the register streams: the only tables held in memory
-- are the codes of the nodes and the word matches (5 million rows, most of them manufacturers: 1.2 GB was not enough for
-- an outer join of codes and words).
with enterprises as (

    select
        source_row,
        enterprise_key,
        industry_code,
        registered_capital_wan_cny,
        is_local,
        is_struck_off,
        {{ joined_text(['enterprise_name', 'business_scope']) }} as fit_text
    from {{ ref('stg_register__enterprises') }}

),

industry_codes as (

    select distinct industry_code
    from {{ source('landing', 'register') }}
    where industry_code is not null

),

code_nodes as (

    select
        industry_codes.industry_code,
        prefixes.node_id,
        max(prefixes.digit_count) as matched_digits
    from industry_codes
    inner join {{ ref('int_chain__prefixes') }} as prefixes
        on left(industry_codes.industry_code, prefixes.digit_count) = prefixes.prefix_code
    group by industry_codes.industry_code, prefixes.node_id

),

texts as (

    select
        source_row,
        enterprise_key,
        industry_code,
        registered_capital_wan_cny,
        is_local,
        is_struck_off,
        fit_text
    from enterprises
    where regexp_matches(fit_text, {{ product_word_pattern() }})

),

word_hits as (

    select
        texts.source_row,
        words.node_id,
        count(*) as matched_word_count,
        string_agg(words.word, '、' order by words.word_order) as matched_words
    from texts
    inner join {{ ref('stg_chain__words') }} as words on contains(texts.fit_text, words.word)
    group by texts.source_row, words.node_id
    -- An exclude word (口罩机) switches off all words of its node in this text.
    having not bool_or(words.is_exclude)

),

by_code as (

    select
        enterprises.enterprise_key,
        code_nodes.node_id,
        code_nodes.matched_digits,
        coalesce(word_hits.matched_word_count, 0) as matched_word_count,
        word_hits.matched_words,
        enterprises.registered_capital_wan_cny,
        enterprises.is_local,
        enterprises.is_struck_off,
        enterprises.source_row
    from enterprises
    inner join code_nodes on enterprises.industry_code = code_nodes.industry_code
    left join word_hits
        on enterprises.source_row = word_hits.source_row and code_nodes.node_id = word_hits.node_id

),

-- Whether a code matches too is asked of the few codes, not of the rows.
by_word_only as (

    select
        texts.enterprise_key,
        word_hits.node_id,
        cast(0 as bigint) as matched_digits,
        word_hits.matched_word_count,
        word_hits.matched_words,
        texts.registered_capital_wan_cny,
        texts.is_local,
        texts.is_struck_off,
        texts.source_row
    from word_hits
    inner join texts on word_hits.source_row = texts.source_row
    anti join code_nodes
        on texts.industry_code = code_nodes.industry_code and word_hits.node_id = code_nodes.node_id

),

matched as (

    select * from by_code
    union all
    select * from by_word_only

)

select
    enterprise_key,
    node_id,
    matched_digits,
    matched_word_count,
    matched_words,
    registered_capital_wan_cny,
    is_local,
    is_struck_off,
    source_row
from matched
