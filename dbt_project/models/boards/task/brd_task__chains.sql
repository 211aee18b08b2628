-- What the year has brought by leading chain (分产业), by the facts that count for the tasks, each project once.
with {{ counted_task_facts() }}

select
    counted.target_year,
    coalesce(leads.chain_name, '未归入主导产业链') as chain_name,
    counted.indicator,
    indicators.indicator_order,
    indicators.measure,
    {{ money_sum('counted.fact_value') }} as done_value,
    count(*) as counted_count,
    {{ as_of_date() }} as as_of_date
from counted
inner join {{ source('office', 'indicators') }} as indicators
    on counted.indicator = indicators.indicator and indicators.counted_by in ('报备', '阶段个数', '阶段金额')
left join {{ ref('dim_leads') }} as leads on counted.lead_id = leads.lead_id
group by 1, 2, 3, 4, 5
