-- Visits whose text is the same, or nearly, as an earlier one's (内容雷同), each beside the text that it is nearest to.
-- Texts are compared without blanks, punctuation and digits, by the share of three-character pieces (三字片段) that they have in
-- common (Jaccard). Equal texts meet directly. Others meet only where they share one of their first pieces in the order of a
-- hash: two sets that are at least `t` alike must share one among the first (1 - t) of each, and in one piece only neighbours
-- of like length and beginning are compared, so that 2 million texts stay feasible (docs/decisions/0031).
{% set as_of = as_of_date() %}
with limits as (

    select
        {{ board_limit('copied_similarity') }} as limit_similarity,
        {{ board_limit('copied_min_chars') }} as min_chars

),

texts as (

    select
        facts.lead_id,
        facts.follow_up_date,
        facts.method,
        facts.content,
        facts.unit_name,
        facts.known_date,
        regexp_replace(facts.content, '[\s\d\pP\pS]', '', 'g') as plain
    from {{ ref('fct_follow_ups') }} as facts
    where {{ by_the_day('facts.known_date') }}
        and facts.follow_up_date > {{ as_of }} - cast({{ board_limit('copied_lookback_days') }} as integer)
        and facts.content is not null

),

-- In the order in which they were said: the first use of a text stands for it.
long_texts as materialized (

    select
        texts.*,
        row_number() over (order by follow_up_date, lead_id, method, content) as use_no
    from texts
    cross join limits
    where length(plain) >= limits.min_chars

),

first_uses as materialized (

    select
        plain,
        row_number() over (order by plain) as text_id,
        min(use_no) as first_use_no,
        count(*) as use_count
    from long_texts
    group by plain

),

hashed_texts as (

    select
        text_id,
        first_use_no,
        -- Sorted by hash: one order for all texts, so that the first pieces of two texts can be compared. 32 bits: half the room.
        list_sort(list_transform(
            range(1, length(plain) - 1), lambda i: cast(hash(substr(plain, i, 3)) % 4294967296 as uinteger)
        )) as hashes
    from first_uses

),

pieced_texts as (

    -- Each piece once: sorted ones stand beside their like, and list_distinct takes twice as long.
    select
        text_id,
        first_use_no,
        list_filter(hashes, lambda piece, i: i = 1 or piece != hashes[i - 1]) as pieces
    from hashed_texts

),

-- 126 bits that stand for the pieces of a text: bits that differ between two texts are pieces that only one of them has.
-- Of pairs at least `t` alike, at most (1 - t) / (1 + t) of all pieces stand in one text only: allowed_count is a text's part of it.
distinct_texts as materialized (

    select
        text_id,
        first_use_no,
        pieces,
        len(pieces) as piece_count,
        len(pieces) * (1 - limits.limit_similarity) / (1 + limits.limit_similarity) as allowed_count,
        limits.limit_similarity,
        list_aggregate(list_transform(
            pieces, lambda piece: case when piece % 126 < 63 then 1::bigint << cast(piece % 63 as bigint) else 0::bigint end
        ), 'bit_or') as low_bits,
        list_aggregate(list_transform(
            pieces, lambda piece: case when piece % 126 >= 63 then 1::bigint << cast(piece % 63 as bigint) else 0::bigint end
        ), 'bit_or') as high_bits
    from pieced_texts
    cross join limits

),

-- The first pieces of each text in that order: as many as two texts at the limit must share one of.
keys as (

    select
        text_id,
        piece_count,
        allowed_count,
        low_bits,
        high_bits,
        unnest(pieces[1:cast(piece_count - ceil(piece_count * limit_similarity) + 1 as integer)]) as piece
    from distinct_texts

),

-- Neighbours are sieved by their bits where they meet, before any is written down: of 62 million meetings of 1.4 million texts,
-- 26 thousand pairs were left for the comparison of pieces, which is exact and 10 times as slow.
neighbours as (

    select
        text_id,
        unnest([
            {% for distance in range(1, var('copied_text_neighbours') + 1) %}
            case
                when bit_count(xor(low_bits, lag(low_bits, {{ distance }}) over in_length))
                    + bit_count(xor(high_bits, lag(high_bits, {{ distance }}) over in_length))
                    <= allowed_count + lag(allowed_count, {{ distance }}) over in_length + 1e-9
                    then lag(text_id, {{ distance }}) over in_length
            end{{ ',' if not loop.last }}
            {% endfor %}
        ]) as other_id
    from keys
    window in_length as (partition by piece order by piece_count, text_id)

),

likely as materialized (

    select distinct
        least(text_id, other_id) as left_id,
        greatest(text_id, other_id) as right_id
    from neighbours
    where other_id is not null

),

compared as (

    select
        left_texts.first_use_no as left_use_no,
        right_texts.first_use_no as right_use_no,
        len(list_intersect(left_texts.pieces, right_texts.pieces)) as shared_count,
        len(left_texts.pieces) + len(right_texts.pieces) as piece_sum
    from likely
    inner join distinct_texts as left_texts on likely.left_id = left_texts.text_id
    inner join distinct_texts as right_texts on likely.right_id = right_texts.text_id

),

alike as (

    select
        greatest(left_use_no, right_use_no) as later_use_no,
        least(left_use_no, right_use_no) as earlier_use_no,
        shared_count / (piece_sum - shared_count) as similarity
    from compared
    cross join limits
    where shared_count >= limits.limit_similarity * (piece_sum - shared_count)

),

matched as (

    -- Equal texts: every later use beside the first.
    select
        long_texts.use_no,
        first_uses.first_use_no as other_use_no,
        1.0 as similarity
    from long_texts
    inner join first_uses on long_texts.plain = first_uses.plain and long_texts.use_no > first_uses.first_use_no

    union all

    -- Nearly equal: the first use of a text beside the nearest earlier one, or among equals the earliest.
    select
        later_use_no,
        earlier_use_no,
        similarity
    from alike
    qualify row_number() over (partition by later_use_no order by similarity desc, earlier_use_no) = 1

)

select
    mine.lead_id,
    mine.follow_up_date,
    mine.method,
    mine.content,
    mine.unit_name,
    other.lead_id as other_lead_id,
    other.follow_up_date as other_follow_up_date,
    other.unit_name as other_unit_name,
    other.content as other_content,
    round(matched.similarity, 4) as similarity,
    limits.limit_similarity,
    mine.lead_id = other.lead_id as is_same_lead,
    mine.unit_name = other.unit_name as is_same_unit,
    {{ as_of }} as as_of_date
from matched
cross join limits
inner join long_texts as mine on matched.use_no = mine.use_no
inner join long_texts as other on matched.other_use_no = other.use_no
