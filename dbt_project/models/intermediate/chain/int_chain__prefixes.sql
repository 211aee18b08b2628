-- Leading digits of the nodes' codes: a company's code shares `matched_digits` with a node if its own first digits stand here.
with codes as (

    select
        node_id,
        industry_code,
        is_whole
    from {{ ref('stg_chain__codes') }}

),

lengths as (

    select unnest([2, 3, 4]) as digit_count

)

select
    codes.node_id,
    left(codes.industry_code, lengths.digit_count) as prefix_code,
    cast(lengths.digit_count as bigint) as digit_count,
    bool_or(codes.is_whole and length(codes.industry_code) = lengths.digit_count) as is_whole
from codes
inner join lengths on length(codes.industry_code) >= lengths.digit_count
group by 1, 2, 3
