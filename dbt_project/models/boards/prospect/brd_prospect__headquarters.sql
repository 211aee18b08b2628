-- Firms with branches in the register (总部线索): a branch writes its parent's full name in front of its own. Kept are parents outside with
-- enough branches, and local firms of a group; the type is what names and the ledger say.
{% set day = as_of_date() %}
with {{ rules_row(['headquarters_min_branches'], day) }},

-- Compared as written: a branch copies its parent's name, and one pass with a cheap test of endings is all the register is read for.
branches as (

    select
        regexp_extract(enterprise_name, '^(.+公司).{2,30}(?:分公司|办事处|代表处|分厂|营业部)$', 1) as parent_name,
        enterprise_name,
        province_name,
        is_local
    from {{ ref('stg_register__enterprises') }}
    where (
        ends_with(enterprise_name, '分公司')
        or ends_with(enterprise_name, '办事处')
        or ends_with(enterprise_name, '代表处')
        or ends_with(enterprise_name, '分厂')
        or ends_with(enterprise_name, '营业部')
    )
    and not is_struck_off

),

counted as (

    select
        parent_name,
        count(*) as branch_count,
        count(distinct province_name) as branch_province_count,
        count(*) filter (where is_local) as local_branch_count,
        min(enterprise_name) filter (where is_local) as local_branch_name
    from branches
    where parent_name != ''
    group by parent_name

),

kept as (

    select
        counted.*,
        {{ name_form('counted.parent_name') }} as parent_form,
        rules.headquarters_min_branches
    from counted
    cross join rules
    where counted.branch_count >= rules.headquarters_min_branches

),

parents as (

    select
        enterprises.*,
        row_number() over (partition by enterprises.enterprise_name order by enterprises.source_row) as place
    from {{ ref('stg_register__enterprises') }} as enterprises
    where enterprises.enterprise_name in (select kept.parent_name from kept)

),

{{ screened_firms('parents', 'enterprise_key', day) }},

ties as (

    select
        name_form,
        count(*) as tie_count,
        string_agg(tie_text, '；' order by tie_text) as tie_text
    from {{ ref('int_enterprise__ties') }}
    group by name_form

),

lists as (

    select
        {{ name_form('enterprise_name') }} as name_form,
        string_agg(list_text, '、' order by list_text) as list_text
    from {{ ref('fct_list_entries') }}
    where is_latest_edition and coalesce({{ by_the_day('published_date') }}, true)
    group by 1

),

followed as (

    select distinct {{ name_form('enterprise_name') }} as name_form
    from {{ ref('dim_leads') }}

)

select
    kept.parent_name as enterprise_name,
    parents.enterprise_key,
    parents.province_name,
    parents.city_name,
    parents.registered_capital_wan_cny,
    kept.branch_count,
    kept.branch_province_count,
    kept.local_branch_count,
    case
        when regexp_matches(kept.parent_form, '研发|研究|结算|采购|物流|投资|控股|财务|设计院') then '功能性总部'
        when kept.branch_province_count >= 2 then '企业总部'
        else '区域总部'
    end as headquarters_kind,
    ties.tie_count,
    concat_ws('；', case when kept.local_branch_count > 0 then '本地已有分支：' || kept.local_branch_name end, ties.tie_text)
        as tie_text,
    lists.list_text,
    '名录中分支机构' || kept.branch_count || '家，分布' || kept.branch_province_count || '个省份（线'
    || cast(kept.headquarters_min_branches as bigint) || '家）' as reason_text,
    {{ day }} as as_of_date
from kept
left join parents on kept.parent_name = parents.enterprise_name and parents.place = 1
left join ties on kept.parent_form = ties.name_form
left join lists on kept.parent_form = lists.name_form
left join screens on parents.enterprise_key = screens.subject_key
anti join followed on kept.parent_form = followed.name_form
where not coalesce(parents.is_local, false) and not coalesce(parents.is_struck_off, false)
    and not coalesce(screens.is_forbidden, false)
