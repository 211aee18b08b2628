-- Visits whose text is the same, or nearly, as an earlier one's (内容雷同), each beside the text that it is nearest to.
-- Texts are compared without blanks, punctuation and digits, by the share of three-character pieces (三字片段) that they have in
-- common (Jaccard). Equal texts meet directly. Others meet only where they share one of their first pieces in the order of a
-- hash: two sets that are at least `t` alike must share one among the first (1 - t) of each, and in one piece only neighbours
-- of like length and beginning are compared, so that 2 million texts stay feasible (docs/decisions/0030).
{% set as_of = as_of_date() %}
with limits as (

    select
        {{ board_limit('copied_similarity') }} as limit_similarity,
        {{ board_limit('copied_min_chars') }} as min_chars

),

texts as materialized (

    select
        facts.lead_id,
        facts.follow_up_date,
        facts.method,
        facts.content,
        facts.unit_name,
        facts.known_date,
        regexp_replace(facts.content, '[\s\d\pP\pS]', '', 'g') as plain
    from {{ ref('fct_follow_ups') }} as facts
    where facts.known_date < {{ as_of }}
        and facts.follow_up_date >= {{ as_of }} - cast({{ board_limit('copied_lookback_days') }} as integer)
        and facts.content is not null

),

long_texts as materialized (

    select texts.*
    from texts
    cross join limits
    where length(plain) >= limits.min_chars

),

-- The earliest use of each text stands for it.
first_uses as materialized (

    select
        plain,
        arg_min(struct_pack(lead_id, follow_up_date, method, content, unit_name), (follow_up_date, lead_id, method, content)) as first_use,
        count(*) as use_count
    from long_texts
    group by plain

),

pieced_texts as (

    select
        row_number() over (order by plain) as text_id,
        plain,
        (first_use).follow_up_date as first_date,
        -- Sorted by hash: one order for all texts, so that the first pieces of two texts can be compared.
        list_sort(list_distinct(list_transform(range(1, length(plain) - 1), lambda i: hash(substr(plain, i, 3))))) as pieces
    from first_uses

),

-- 128 bits that stand for the pieces of a text: bits that differ between two texts are pieces that only one of them has.
distinct_texts as materialized (

    select
        *,
        list_aggregate(list_transform(
            pieces, lambda piece: case when piece % 128 < 64 then 1::ubigint << (piece % 64) else 0::ubigint end
        ), 'bit_or') as low_bits,
        list_aggregate(list_transform(
            pieces, lambda piece: case when piece % 128 >= 64 then 1::ubigint << (piece % 64) else 0::ubigint end
        ), 'bit_or') as high_bits
    from pieced_texts

),

-- The first pieces of each text in that order: as many as two texts at the limit must share one of.
keys as (

    select
        text_id,
        len(pieces) as piece_count,
        unnest(pieces[1:cast(len(pieces) - ceil(len(pieces) * limits.limit_similarity) + 1 as integer)]) as piece
    from distinct_texts
    cross join limits

),

neighbours as (

    select
        text_id,
        piece_count,
        unnest([
            {% for distance in range(1, var('copied_text_neighbours') + 1) %}
            lag(text_id, {{ distance }}) over in_length{{ ',' if not loop.last }}
            {% endfor %}
        ]) as other_id
    from keys
    window in_length as (partition by piece order by piece_count, text_id)

),

pairs as materialized (

    select distinct
        least(text_id, other_id) as left_id,
        greatest(text_id, other_id) as right_id
    from neighbours
    where other_id is not null

),

-- Of pairs at least `t` alike, at most (1 - t) / (1 + t) of all pieces stand in one text only. Comparing bits first
-- leaves few pairs for the comparison of pieces, which is exact and 10 times as slow.
likely as materialized (

    select
        pairs.left_id,
        pairs.right_id,
        left_texts.first_date as left_date,
        right_texts.first_date as right_date,
        left_texts.pieces as left_pieces,
        right_texts.pieces as right_pieces
    from pairs
    inner join distinct_texts as left_texts on pairs.left_id = left_texts.text_id
    inner join distinct_texts as right_texts on pairs.right_id = right_texts.text_id
    cross join limits
    where bit_count(xor(left_texts.low_bits, right_texts.low_bits)) + bit_count(xor(left_texts.high_bits, right_texts.high_bits))
        <= (len(left_texts.pieces) + len(right_texts.pieces))
            * (1 - limits.limit_similarity) / (1 + limits.limit_similarity) + 1e-9

),

compared as (

    select
        left_id,
        right_id,
        left_date,
        right_date,
        len(list_intersect(left_pieces, right_pieces)) as shared_count,
        len(left_pieces) + len(right_pieces) as piece_sum
    from likely

),

alike as (

    select
        case when (left_date, left_id) < (right_date, right_id) then right_id else left_id end as later_id,
        case when (left_date, left_id) < (right_date, right_id) then left_id else right_id end as earlier_id,
        shared_count / (piece_sum - shared_count) as similarity
    from compared
    cross join limits
    where shared_count >= limits.limit_similarity * (piece_sum - shared_count)

),

-- The nearest earlier text, or among equals the earliest.
nearest as (

    select
        later_id,
        earlier_id,
        similarity
    from alike
    qualify row_number() over (partition by later_id order by similarity desc, earlier_id) = 1

),

matched as (

    -- Equal texts: every later use beside the first.
    select
        long_texts.*,
        first_uses.first_use as other,
        1.0 as similarity
    from long_texts
    inner join first_uses on long_texts.plain = first_uses.plain and first_uses.use_count > 1
    where (long_texts.lead_id, long_texts.follow_up_date, long_texts.method, long_texts.content)
        is distinct from (first_use.lead_id, first_use.follow_up_date, first_use.method, first_use.content)

    union all

    -- Nearly equal: the first use of a text beside the first use of the other.
    select
        long_texts.*,
        other_uses.first_use as other,
        nearest.similarity
    from nearest
    inner join distinct_texts as later on nearest.later_id = later.text_id
    inner join distinct_texts as earlier on nearest.earlier_id = earlier.text_id
    inner join first_uses on later.plain = first_uses.plain
    inner join first_uses as other_uses on earlier.plain = other_uses.plain
    inner join long_texts
        on long_texts.plain = later.plain
        and long_texts.lead_id = first_uses.first_use.lead_id
        and long_texts.follow_up_date = first_uses.first_use.follow_up_date
        and long_texts.method = first_uses.first_use.method
        and long_texts.content = first_uses.first_use.content

)

select
    matched.lead_id,
    matched.follow_up_date,
    matched.method,
    matched.content,
    matched.unit_name,
    matched.other.lead_id as other_lead_id,
    matched.other.follow_up_date as other_follow_up_date,
    matched.other.unit_name as other_unit_name,
    matched.other.content as other_content,
    round(matched.similarity, 4) as similarity,
    limits.limit_similarity,
    matched.lead_id = matched.other.lead_id as is_same_lead,
    matched.unit_name = matched.other.unit_name as is_same_unit,
    {{ as_of }} as as_of_date
from matched
cross join limits
