-- What ties a firm to this place (本地联系): it supplies or buys from a local firm, or an organisation can introduce it. Public facts about
-- organisations only, never persons.
with links as (

    select
        {{ name_form('supplier_name') }} as name_form,
        '客户' as tie_kind,
        customer_name as with_name,
        product_text,
        {{ name_form('customer_name') }} as with_form
    from {{ ref('stg_ledger__supply_links') }}

    union all

    select
        {{ name_form('customer_name') }},
        '供应商',
        supplier_name,
        product_text,
        {{ name_form('supplier_name') }}
    from {{ ref('stg_ledger__supply_links') }}

),

local_names as (

    select {{ name_form('enterprise_name') }} as name_form
    from {{ ref('stg_ledger__local_enterprises') }}
    union
    select name_form
    from {{ ref('int_enterprise__named') }}
    where is_local_in_register

),

ties as (

    select
        links.name_form,
        '本地' || links.tie_kind || links.with_name || '（' || links.product_text || '）' as tie_text
    from links
    inner join local_names on links.with_form = local_names.name_form

    union

    select
        {{ name_form('target_name') }} as name_form,
        relation_kind || '：' || introducer_name || '可引荐' as tie_text
    from {{ ref('stg_ledger__connections') }}

)

select
    ties.name_form,
    ties.tie_text,
    named.enterprise_key
from ties
left join {{ ref('int_enterprise__named') }} as named on ties.name_form = named.name_form
