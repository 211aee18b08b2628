-- How many prospects each node has, and each chain with its nodes by gap class (目标企业家次): the same on page, map and workbook.
with prospects as (

    select
        node_id,
        count(*) as prospect_count
    from {{ ref('brd_prospect__nodes') }}
    group by node_id

),

nodes as (

    select
        nodes.chain_name,
        nodes.node_id,
        nodes.gap_class,
        nodes.node_order,
        coalesce(prospects.prospect_count, 0) as prospect_count
    from {{ ref('dim_chain_nodes') }} as nodes
    left join prospects on nodes.node_id = prospects.node_id

),

slices as (

    select
        '环节' as slice_kind,
        node_id as slice_key,
        *
    from nodes

    union all

    select
        '产业链',
        chain_name,
        *
    from nodes

)

select
    slice_kind,
    slice_key,
    chain_name,
    min(node_order) as node_order,
    count(*) as node_count,
    count(*) filter (where gap_class = '强') as strong_count,
    count(*) filter (where gap_class = '补') as fill_count,
    count(*) filter (where gap_class = '延') as extend_count,
    cast(sum(prospect_count) as bigint) as prospect_count,
    {{ as_of_date() }} as as_of_date
from slices
group by slice_kind, slice_key, chain_name
