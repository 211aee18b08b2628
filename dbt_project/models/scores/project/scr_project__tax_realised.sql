-- Paid beside promised, for projects in operation, over the years that have both; nothing to compare is 暂无, not 0.
with projects as (

    select
        progress.lead_id,
        progress.project_name,
        progress.unit_name,
        coalesce(leads.investor_kind, '未填') as investor_kind,
        progress.as_of_date
    from {{ ref('brd_lead__progress') }} as progress
    inner join {{ ref('stg_ledger__leads') }} as leads on progress.lead_id = leads.lead_id
    where progress.operation_date is not null or progress.completed_date is not null

),

years as (

    select
        promised.lead_id,
        promised.year_no,
        promised.tax_wan_cny as promised_wan_cny,
        paid.tax_wan_cny as paid_wan_cny
    from {{ ref('scr_project__tax') }} as promised
    inner join {{ ref('scr_project__tax') }} as paid
        on promised.lead_id = paid.lead_id and promised.year_no = paid.year_no and paid.tax_basis = '实际'
    where promised.tax_basis = '承诺'

),

sliced as (

    select
        projects.lead_id,
        projects.as_of_date,
        years.year_no,
        years.promised_wan_cny,
        years.paid_wan_cny,
        unnest([
            {'slice_kind': '项目', 'slice_key': projects.lead_id, 'slice_name': projects.project_name},
            {'slice_kind': '投资方类型', 'slice_key': projects.investor_kind, 'slice_name': projects.investor_kind},
            {'slice_kind': '责任单位', 'slice_key': projects.unit_name, 'slice_name': projects.unit_name},
            {'slice_kind': '全区', 'slice_key': '全区', 'slice_name': '全区'}
        ], recursive := true)
    from projects
    left join years on projects.lead_id = years.lead_id

)

select
    slice_kind,
    slice_key,
    min(slice_name) as slice_name,
    count(distinct lead_id) as project_count,
    count(distinct lead_id) filter (where year_no is not null) as compared_project_count,
    count(year_no) as compared_year_count,
    {{ money_sum('promised_wan_cny') }} as promised_wan_cny,
    {{ money_sum('paid_wan_cny') }} as paid_wan_cny,
    round(100 * {{ money_sum('paid_wan_cny') }} / nullif({{ money_sum('promised_wan_cny') }}, 0), 2) as paid_to_promised_pct,
    min(as_of_date) as as_of_date
from sliced
group by slice_kind, slice_key
