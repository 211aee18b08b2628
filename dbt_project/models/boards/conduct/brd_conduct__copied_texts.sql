-- Visits whose text is the same, or nearly, as an earlier one's (内容雷同), each beside the text that it is nearest to.
-- Texts are compared without blanks, punctuation and digits, by the share of three-character pieces (三字片段) that they have in
-- common (Jaccard). Equal texts meet directly. Others meet only where they share one of their first pieces in the order of a
-- hash: two sets that are at least `t` alike must share one among the first (1 - t) of each, and in one piece only neighbours
-- by the least of other hashes are compared, so that 2 million texts stay feasible (docs/decisions/0031).
-- Two people who write in the same set phrases (套话) come to like texts by chance. So a pair is listed only if its common clauses,
-- digits kept, are too rare for that: fewer such pairs than the office's limit are to be expected by chance among all texts.
{% set as_of = as_of_date() %}
with limits as (

    select
        {{ board_limit('copied_similarity') }} as limit_similarity,
        {{ board_limit('copied_min_chars') }} as min_chars,
        {{ board_limit('copied_chance_pairs') }} as chance_pairs,
        {{ board_limit('copied_formula_pct') }} as formula_pct,
        {{ board_limit('flagged_min_rows') }} as min_rows

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
        ), 'bit_or') as high_bits,
        -- Least of four other hashes of the pieces: equal for two texts as often as the texts are alike.
        {% for number in range(1, 5) %}
        list_min(list_transform(pieces, lambda piece: hash(piece + {{ number }}::ubigint << 32))) as least_{{ number }}{{ ',' if not loop.last }}
        {% endfor %}
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
        least_1,
        least_2,
        least_3,
        least_4,
        unnest(pieces[1:cast(piece_count - ceil(piece_count * limit_similarity) + 1 as integer)]) as piece
    from distinct_texts

),

-- Neighbours are sieved by their bits where they meet, before any is written down: of 62 million meetings of 1.4 million texts,
-- 26 thousand pairs were left for the comparison of pieces, which is exact and 10 times as slow.
neighbours as (

    select
        text_id,
        unnest([
            {% for order in ('in_first_order', 'in_second_order') %}
            {% for distance in range(1, var('copied_text_neighbours') + 1) %}
            case
                when bit_count(xor(low_bits, lag(low_bits, {{ distance }}) over {{ order }}))
                    + bit_count(xor(high_bits, lag(high_bits, {{ distance }}) over {{ order }}))
                    <= allowed_count + lag(allowed_count, {{ distance }}) over {{ order }} + 1e-9
                    then lag(text_id, {{ distance }}) over {{ order }}
            end{{ ',' if not loop.last }}
            {% endfor %}
            {{ ',' if not loop.last }}
            {% endfor %}
        ]) as other_id
    from keys
    window
        in_first_order as (partition by piece order by least_1, least_2, piece_count, text_id),
        in_second_order as (partition by piece order by least_3, least_4, piece_count, text_id)

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

    union all

    -- Equal texts: every later use beside the first, and beside the first with the same figures, unless the text is a formula.
    select distinct
        long_texts.use_no,
        unnest([first_uses.first_use_no, min(long_texts.use_no) over (partition by long_texts.content)]) as earlier_use_no,
        1.0 as similarity
    from long_texts
    cross join limits
    inner join first_uses on long_texts.plain = first_uses.plain
    where first_uses.use_count > 1
        and (
            first_uses.use_count < limits.min_rows
            or first_uses.use_count <= limits.formula_pct / 100 * (select count(*) from long_texts)
        )

),

-- Clauses of the texts, digits kept: a note that was copied keeps its figures. A text is all notes that differ in digits alone.
clauses as (

    select
        long_texts.use_no,
        first_uses.text_id,
        list_distinct(list_filter(
            string_split_regex(regexp_replace(long_texts.content, '\s', '', 'g'), '[\pP\pS]+'), lambda clause: clause != ''
        )) as clauses
    from long_texts
    inner join first_uses on long_texts.plain = first_uses.plain

),

shared_clauses as (

    select
        alike.later_use_no,
        alike.earlier_use_no,
        if(later.text_id = earlier.text_id, 1, 2) as own_text_count,
        unnest(list_intersect(later.clauses, earlier.clauses)) as clause
    from alike
    inner join clauses as later on alike.later_use_no = later.use_no
    inner join clauses as earlier on alike.earlier_use_no = earlier.use_no
    where alike.earlier_use_no < alike.later_use_no

),

-- In how many different texts a clause occurs: one text used a hundred times is one.
clause_uses as (

    select
        clause,
        count(distinct text_id) as text_count
    from (
        select
            text_id,
            unnest(clauses) as clause
        from clauses
    ) as used
    where clause in (select shared_clauses.clause from shared_clauses)
    group by clause

),

sizes as (

    select
        cast(count(*) as double) as text_count,
        ln(text_count * text_count / 2 / any_value(limits.chance_pairs)) as needed
    from first_uses
    cross join limits

),

-- The evidence of a pair is the surprise of its common clauses, others' use taken as the measure. A clause that nobody else writes
-- is the more surprising the longer it is.
evidenced as (

    select
        shared_clauses.later_use_no,
        shared_clauses.earlier_use_no
    from shared_clauses
    cross join sizes
    inner join clause_uses on shared_clauses.clause = clause_uses.clause
    group by shared_clauses.later_use_no, shared_clauses.earlier_use_no, sizes.needed
    having sum(
        case
            when clause_uses.text_count > shared_clauses.own_text_count
                then ln(sizes.text_count / (clause_uses.text_count - shared_clauses.own_text_count))
            else ln(sizes.text_count) + length(shared_clauses.clause)
        end
    ) >= sizes.needed

),

-- Each text beside the nearest earlier one, or among equals the earliest.
matched as (

    select
        alike.later_use_no as use_no,
        alike.earlier_use_no as other_use_no,
        alike.similarity
    from alike
    semi join evidenced
        on alike.later_use_no = evidenced.later_use_no and alike.earlier_use_no = evidenced.earlier_use_no
    qualify row_number() over (
        partition by alike.later_use_no order by alike.similarity desc, alike.earlier_use_no
    ) = 1

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
