-- Funds by their last figures by the day (基金台账): the ledger's own sums beside those of its projects, leverage,
-- reinvestment owed, terms that a lawyer must read.
with funds as (

    select *
    from {{ ref('stg_ledger__funds') }}
    where {{ by_the_day('as_of_date') }}
    qualify row_number() over (partition by fund_name order by as_of_date desc, received_seq desc) = 1

),

projects as (

    select
        fund_name,
        count(*) as project_count,
        count(*) filter (where step in ('出资', '退出')) as paid_project_count,
        count(*) filter (where is_landed) as landed_count,
        {{ money_sum('invested_wan_cny', "step in ('出资', '退出')") }} as project_invested_wan_cny,
        {{ money_sum('outside_capital_wan_cny', "step in ('出资', '退出')") }} as outside_capital_wan_cny,
        -- The ratio compares like with like: projects that tell both.
        {{ money_sum('outside_capital_wan_cny', "step in ('出资', '退出') and invested_wan_cny > 0") }}
        / nullif({{ money_sum('invested_wan_cny', "step in ('出资', '退出') and outside_capital_wan_cny is not null and invested_wan_cny > 0") }}, 0) as leverage_ratio,
        {{ money_sum('reinvestment_counted_wan_cny') }} as reinvestment_counted_wan_cny,
        {{ money_sum('paid_tax_wan_cny', 'is_landed') }} as landed_tax_wan_cny
    from {{ ref('brd_fund__projects') }}
    group by fund_name

),

joined as (

    select
        funds.*,
        projects.* exclude (fund_name),
        greatest(funds.invested_wan_cny, coalesce(projects.project_invested_wan_cny, 0)) as out_wan_cny
    from funds
    left join projects on funds.fund_name = projects.fund_name

)

select
    fund_name,
    fund_kind,
    sector_text,
    manager_name,
    as_of_date as figures_date,
    size_wan_cny,
    committed_wan_cny,
    called_wan_cny,
    invested_wan_cny,
    project_invested_wan_cny,
    case when size_wan_cny > 0 then greatest(coalesce(called_wan_cny, size_wan_cny) - coalesce(out_wan_cny, 0), 0) end
        as available_wan_cny,
    coalesce(project_count, 0) as project_count,
    coalesce(paid_project_count, 0) as paid_project_count,
    coalesce(landed_count, 0) as landed_count,
    landed_tax_wan_cny,
    outside_capital_wan_cny,
    leverage_ratio,
    reinvestment_owed_wan_cny,
    reinvestment_done_wan_cny,
    reinvestment_counted_wan_cny,
    100.0 * reinvestment_done_wan_cny / nullif(reinvestment_owed_wan_cny, 0) as reinvestment_pct,
    reinvestment_due_date,
    case
        when reinvestment_owed_wan_cny is null then '未填返投要求'
        when reinvestment_done_wan_cny >= reinvestment_owed_wan_cny then '已完成'
        when {{ before_the_day('reinvestment_due_date') }} then '逾期未完成'
        when reinvestment_due_date is null then '未填期限'
        else '未到期'
    end as reinvestment_state,
    {{ flags_in('terms_text') }} as flag_text,
    case when {{ before_the_day('valid_to_date') }} then '已到期' else '存续' end as fund_state,
    nullif(concat_ws(
        '；',
        case when size_wan_cny <= 0 then '基金规模不是正数' end,
        case when out_wan_cny > size_wan_cny
            then '已投 ' || round(out_wan_cny, 1) || ' 万元，超过基金规模 ' || round(size_wan_cny, 1) || ' 万元' end,
        case when called_wan_cny > size_wan_cny then '实缴超过基金规模' end,
        case when called_wan_cny > committed_wan_cny then '实缴超过认缴' end,
        case when out_wan_cny > called_wan_cny then '已投超过实缴' end,
        case when project_invested_wan_cny > invested_wan_cny then '项目出资合计大于累计投资额' end,
        case when reinvestment_counted_wan_cny is distinct from reinvestment_done_wan_cny
            and reinvestment_counted_wan_cny is not null and reinvestment_done_wan_cny is not null
            then '项目计入返投合计与已返投金额不一致' end
    ), '') as problem_text,
    source_file,
    source_sheet,
    source_row
from joined
