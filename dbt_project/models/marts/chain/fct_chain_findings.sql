-- What in chains, catalogues and needs contradicts itself or names what isn't there (链条数据问题), each with its row and how to mend it.
with recursive edges as (

    select
        from_node_id,
        to_node_id
    from {{ ref('stg_chain__edges') }}

),

reached as (

    select
        from_node_id,
        to_node_id
    from edges

    union

    select
        reached.from_node_id,
        edges.to_node_id
    from reached
    inner join edges on reached.to_node_id = edges.from_node_id

),

nodes as (

    select * from {{ ref('stg_chain__nodes') }}

),

items as (

    select
        *,
        catalogue_name || '（' || catalogue_edition || '）' || item_no as item_key
    from {{ ref('stg_ledger__catalogue_items') }}

),

needs as (

    select * from {{ ref('stg_ledger__chain_needs') }}

),

findings as (

    select
        '环路' as finding_kind,
        nodes.node_id as subject_key,
        '环节“' || nodes.node_name || '”经上下游关系回到自身' as finding_text,
        '请在 chains.yaml 中核对 edges，断开写反的一条；在此之前上下游照写计算，每个环节只计最近的一步' as mend,
        'chains.yaml' as source_file,
        cast(null as varchar) as source_sheet,
        cast(null as bigint) as source_row
    from nodes
    inner join reached on nodes.node_id = reached.from_node_id and nodes.node_id = reached.to_node_id

    union all

    select
        '孤立环节',
        nodes.node_id,
        '环节“' || nodes.node_name || '”没有上游也没有下游',
        '请在 chains.yaml 的 edges 中补写；在此之前该环节没有上下游得分',
        'chains.yaml',
        null,
        null
    from nodes
    where nodes.node_id not in (select from_node_id from edges union all select to_node_id from edges)

    union all

    select
        '环节无行业代码',
        nodes.node_id,
        '环节“' || nodes.node_name || '”没有行业代码，只能凭产品词，把握程度低',
        '请在 chains.yaml 的 codes 中补写国民经济行业代码',
        'chains.yaml',
        null,
        null
    from nodes
    anti join {{ ref('stg_chain__codes') }} as codes on nodes.node_id = codes.node_id

    union all

    select
        '目录版本未登记',
        items.item_key,
        '“' || items.catalogue_name || '”的版本“' || items.catalogue_edition || '”不在 catalogue_editions 表中，文字相符也只作疑似',
        '请核对版本写法，或在 catalogue_editions 表中登记该版本的施行日期',
        items.source_file,
        items.source_sheet,
        items.source_row
    from items
    left join {{ source('office', 'catalogue_editions') }} as editions
        on {{ same_edition('items', 'editions') }}
    where editions.catalogue_name is null
        and items.catalogue_name in (select known.catalogue_name from {{ source('office', 'catalogue_editions') }} as known)

    union all

    select
        '失效日期早于生效日期',
        items.item_key,
        '生效日期' || items.valid_from_date || '，失效日期' || items.valid_to_date || '，该条从不适用',
        '请核对目录清单中的两个日期',
        items.source_file,
        items.source_sheet,
        items.source_row
    from items
    where items.valid_to_date <= items.valid_from_date

    union all

    select
        '条目无从比对',
        items.item_key,
        '条目既没有行业代码，也没有关键词和环节，不会与任何项目相符',
        '请补写行业代码清单、条目关键词或对应环节编号',
        items.source_file,
        items.source_sheet,
        items.source_row
    from items
    where len({{ written_set('items.industry_codes') }}) + len({{ written_set('items.item_words') }})
        + len({{ written_set('items.node_ids') }}) = 0

    union all

    select
        '条目的环节不存在',
        written.item_key || ' ' || written.node_id,
        '对应环节编号“' || written.node_id || '”不在产业链图谱中',
        '请改用 chains.yaml 中的环节编号',
        written.source_file,
        written.source_sheet,
        written.source_row
    from (select items.*, unnest({{ written_set('items.node_ids') }}) as node_id from items) as written
    anti join nodes on written.node_id = nodes.node_id

    union all

    select
        '需求的环节不存在',
        needs.need_id,
        '需求写的环节“' || needs.chain_name || '·' || coalesce(needs.node_id, needs.node_name) || '”不在产业链图谱中，未计入任何环节',
        '请改用 chains.yaml 中的产业链与环节名称，或填环节编号',
        needs.source_file,
        needs.source_sheet,
        needs.source_row
    from needs
    left join nodes
        on needs.node_id = nodes.node_id
        or (needs.node_id is null and needs.node_name = nodes.node_name and needs.chain_name = nodes.chain_name)
    where nodes.node_id is null

    union all

    select
        '需求的线索不存在',
        needs.need_id,
        '满足需求的线索编号“' || needs.met_by_lead_id || '”不在线索台账中',
        '请核对线索编号',
        needs.source_file,
        needs.source_sheet,
        needs.source_row
    from needs
    anti join {{ ref('dim_leads') }} as leads on needs.met_by_lead_id = leads.lead_id
    where needs.met_by_lead_id is not null

    union all

    select
        '改判无从适用',
        overrides.lead_id || ' ' || overrides.catalogue_name || ' ' || overrides.item_no,
        '改判所指的线索或目录条目不存在，改判没有作用',
        '请核对线索编号、目录名称与条目编号',
        overrides.source_file,
        overrides.source_sheet,
        overrides.source_row
    from {{ ref('stg_ledger__screen_overrides') }} as overrides
    left join {{ ref('dim_leads') }} as leads on overrides.lead_id = leads.lead_id
    left join (select distinct catalogue_name, item_no from items) as items
        on overrides.catalogue_name = items.catalogue_name and overrides.item_no = items.item_no
    where leads.lead_id is null or items.item_no is null

)

-- The same subject may be found once for each of several rows: the first of them stands for all.
select
    finding_kind,
    subject_key,
    min(finding_text) as finding_text,
    min(mend) as mend,
    min(source_file) as source_file,
    min(source_sheet) as source_sheet,
    min(source_row) as source_row
from findings
group by finding_kind, subject_key
