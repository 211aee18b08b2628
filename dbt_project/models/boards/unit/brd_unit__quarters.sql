-- Leads that serve a task more than a chain (为任务而招商): facts per unit and quarter, no verdict. Quarters without a lead have no row.
with {{ rules_row(['low_fit_below', 'rush_days'], as_of_date()) }},

leads as (

    select
        leads.lead_id,
        leads.unit_name,
        cast(date_trunc('quarter', leads.reported_date) as date) as quarter_date,
        leads.node_id is null as is_outside_chains,
        leads.node_id is not null and leads.chain_fit < rules.low_fit_below as is_low_fit,
        leads.reported_date_precision = 'day'
        and date_diff(
            'day', leads.reported_date, cast(date_trunc('quarter', leads.reported_date) + interval 3 month as date)
        ) <= rules.rush_days as is_rushed,
        leads.follow_up_count,
        rules.low_fit_below,
        rules.rush_days
    from {{ ref('brd_lead__facts') }} as leads
    cross join rules
    where leads.reported_date is not null

)

select
    unit_name,
    quarter_date,
    count(*) as lead_count,
    count(*) filter (where is_outside_chains) as outside_chain_count,
    count(*) filter (where is_low_fit) as low_fit_count,
    count(*) filter (where is_rushed) as rushed_count,
    count(*) filter (where is_rushed and (is_outside_chains or is_low_fit)) as rushed_and_off_chain_count,
    count(*) filter (where is_rushed and follow_up_count = 0) as rushed_without_follow_up_count,
    100.0 * count(*) filter (where is_outside_chains) / count(*) as outside_chain_pct,
    '不在四条链上' || count(*) filter (where is_outside_chains) || '条，契合低于' || cast(max(low_fit_below) as bigint) || '分'
    || count(*) filter (where is_low_fit) || '条，季末' || cast(max(rush_days) as bigint) || '天内首报'
    || count(*) filter (where is_rushed) || '条' as fact_text
from leads
group by unit_name, quarter_date
