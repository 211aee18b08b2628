-- Visits whose text is the same, or nearly, as an earlier one's (内容雷同), each beside the text that it is nearest to.
-- Texts are compared without blanks, punctuation and digits, by the share of three-character pieces (三字片段) that they have in
-- common (Jaccard). Equal texts meet directly. Others meet only where they share one of their rarest pieces: two sets that are
-- at least `t` alike must share a piece among the rarest (1 - t) of each, and in one piece only neighbours of like length are
-- compared, so that 2 million texts stay feasible (docs/decisions/0030).
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
    where facts.known_date < {{ as_of }}
        and facts.follow_up_date >= {{ as_of }} - cast({{ board_limit('copied_lookback_days') }} as integer)
        and facts.content is not null

),

long_texts as (

    select texts.*
    from texts
    cross join limits
    where length(plain) >= limits.min_chars

),

-- The earliest use of each text stands for it.
first_uses as (

    select
        plain,
        arg_min(struct_pack(lead_id, follow_up_date, method, content, unit_name), (follow_up_date, lead_id, method, content)) as first_use,
        count(*) as use_count
    from long_texts
    group by plain

),

distinct_texts as (

    select
        row_number() over (order by plain) as text_id,
        plain,
        (first_use).follow_up_date as first_date,
        list_distinct(list_transform(range(1, length(plain) - 1), lambda i: hash(substr(plain, i, 3)))) as pieces
    from first_uses

),

pieces as (

    select
        text_id,
        len(pieces) as piece_count,
        unnest(pieces) as piece
    from distinct_texts

),

piece_counts as (

    select
        piece,
        count(*) as text_count
    from pieces
    group by piece
    having count(*) > 1

),

-- The rarest pieces of each text: enough of them that two texts at the limit must share one.
keys as (

    select
        text_id,
        piece_count,
        piece
    from (
        select
            pieces.text_id,
            pieces.piece_count,
            pieces.piece,
            piece_counts.text_count,
            row_number() over (
                partition by pieces.text_id order by coalesce(piece_counts.text_count, 1), pieces.piece
            ) as rarity
        from pieces
        left join piece_counts on pieces.piece = piece_counts.piece
    ) as ranked
    cross join limits
    where text_count is not null
        and rarity <= piece_count - ceil(piece_count * limits.limit_similarity) + 1

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

pairs as (

    select distinct
        least(text_id, other_id) as left_id,
        greatest(text_id, other_id) as right_id
    from neighbours
    where other_id is not null

),

compared as (

    select
        pairs.left_id,
        pairs.right_id,
        left_texts.first_date as left_date,
        right_texts.first_date as right_date,
        len(list_intersect(left_texts.pieces, right_texts.pieces)) as shared_count,
        len(left_texts.pieces) + len(right_texts.pieces) as piece_sum
    from pairs
    inner join distinct_texts as left_texts on pairs.left_id = left_texts.text_id
    inner join distinct_texts as right_texts on pairs.right_id = right_texts.text_id
    cross join limits
    where least(len(left_texts.pieces), len(right_texts.pieces))
        >= limits.limit_similarity * greatest(len(left_texts.pieces), len(right_texts.pieces))

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
