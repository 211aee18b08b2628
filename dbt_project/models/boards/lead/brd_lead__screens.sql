-- Admission screens of every current lead (准入筛查) as of the day: 禁止 / 疑似 / 无法判断 / 通过, each with item, edition and date. A person's
-- override known by the day replaces the result of its item and is quoted. 禁止 keeps a lead out of the ranking.
{% set day = as_of_date() %}
with {{ rules_row([
    'tax_per_mu_floor_wan_cny', 'output_per_mu_floor_wan_cny', 'output_per_tce_floor_wan_cny', 'tax_per_tce_floor_wan_cny',
], day) }},

leads as (

    select
        current_leads.lead_id,
        current_leads.project_name,
        current_leads.unit_name,
        coalesce(ledger.is_foreign, false) or coalesce(ledger.is_fdi, false) as is_foreign,
        ledger.is_two_high,
        ledger.energy_tce,
        ledger.land_mu,
        ledger.expected_output_wan_cny,
        ledger.promised_tax_wan_cny,
        coalesce(
            ledger.tax_intensity_wan_cny_per_mu, ledger.promised_tax_wan_cny / nullif(ledger.land_mu, 0)
        ) as tax_per_mu_wan_cny,
        ledger.expected_output_wan_cny / nullif(ledger.land_mu, 0) as output_per_mu_wan_cny,
        ledger.expected_output_wan_cny / nullif(ledger.energy_tce, 0) as output_per_tce_wan_cny,
        ledger.promised_tax_wan_cny / nullif(ledger.energy_tce, 0) as tax_per_tce_wan_cny
    from {{ ref('ftr_lead__12m') }} as current_leads
    inner join {{ ref('stg_ledger__leads') }} as ledger on current_leads.lead_id = ledger.lead_id
    where current_leads.is_current

),

overrides as (

    select *
    from {{ ref('stg_ledger__screen_overrides') }}
    where {{ by_the_day('decided_date') }}
    qualify row_number() over (
        partition by lead_id, catalogue_name, item_no order by decided_date desc, received_seq desc
    ) = 1

),

hits as (

    select
        hits.*,
        coalesce(overrides.new_result, hits.item_result) as result,
        hits.item_quoted_text
        || coalesce(
            '；' || strftime(overrides.decided_date, '%Y-%m-%d') || '由' || overrides.decided_by
            || coalesce('（' || overrides.decided_post || '）', '') || '改判为' || overrides.new_result
            || '：' || overrides.override_reason,
            ''
        ) as said,
        overrides.lead_id is not null as is_overridden
    from {{ ref('fct_screen_hits') }} as hits
    left join overrides
        on hits.lead_id = overrides.lead_id
        and hits.catalogue_name = overrides.catalogue_name
        and hits.item_no = overrides.item_no
        and hits.item_result != '标签'
    where {{ in_force('hits', day) }}

),

judged as (

    select
        lead_id,
        bool_or(result = '禁止') as is_forbidden,
        bool_or(result = '疑似') as is_doubtful,
        count(*) filter (where is_overridden) as override_count,
        string_agg(said, '；' order by catalogue_name, item_no) filter (where result = '禁止') as forbidden_text,
        string_agg(said, '；' order by catalogue_name, item_no) filter (where result = '疑似') as doubtful_text,
        string_agg(said, '；' order by catalogue_name, item_no) filter (where is_overridden and result = '通过') as lifted_text,
        string_agg(distinct item_text, '、' order by item_text)
            filter (where result = '标签' and catalogue_name = '省十强产业') as province_tags,
        string_agg(distinct item_text, '、' order by item_text)
            filter (where result = '标签' and catalogue_name = '市六大产业') as city_tags,
        string_agg(distinct item_text, '、' order by item_text)
            filter (where result = '标签' and catalogue_name = '区主导产业') as district_tags,
        string_agg(
            catalogue_name || '（' || catalogue_edition || '，' || strftime(valid_from_date, '%Y-%m-%d') || '起）' || item_text,
            '；' order by catalogue_name, item_no
        ) filter (where result = '标签' and catalogue_name not in ('省十强产业', '市六大产业', '区主导产业')) as policy_tags
    from hits
    group by lead_id

),

-- What can't be judged: a catalogue that every project needs has no edition in force, or none of its items was entered.
gaps as (

    select
        applies_to,
        string_agg(gap_text, '；' order by catalogue_name) as gap_text
    from {{ ref('brd_screen__catalogues') }}
    where gap_text is not null
    group by applies_to

),

results as (

    select
        leads.*,
        judged.* exclude (lead_id),
        rules.*,
        nullif(concat_ws('；', of_all.gap_text, case when leads.is_foreign then of_foreign.gap_text end), '') as unjudged_text,
        case when leads.is_two_high then '台账写明是两高项目，须核对节能审查与产能替代' end as two_high_text
    from leads
    cross join rules
    left join judged on leads.lead_id = judged.lead_id
    left join gaps as of_all on of_all.applies_to = '全部'
    left join gaps as of_foreign on of_foreign.applies_to = '外资'

)

select
    lead_id,
    project_name,
    unit_name,
    case
        when is_forbidden then '禁止'
        when is_doubtful or is_two_high then '疑似'
        when unjudged_text is not null then '无法判断'
        else '通过'
    end as screen_result,
    concat_ws('；', forbidden_text, doubtful_text, two_high_text, lifted_text) as screen_text,
    unjudged_text,
    coalesce(override_count, 0) as override_count,
    is_foreign,
    province_tags,
    city_tags,
    district_tags,
    policy_tags,
    province_tags is null and city_tags is null and district_tags is null as is_untagged,
    100.0 * avg(case when province_tags is null and city_tags is null and district_tags is null then 1 else 0 end) over ()
        as untagged_pct,
    tax_per_mu_wan_cny,
    output_per_mu_wan_cny,
    output_per_tce_wan_cny,
    tax_per_tce_wan_cny,
    coalesce(tax_per_mu_wan_cny < tax_per_mu_floor_wan_cny, false)
    or coalesce(output_per_mu_wan_cny < output_per_mu_floor_wan_cny, false)
    or coalesce(output_per_tce_wan_cny < output_per_tce_floor_wan_cny, false)
    or coalesce(tax_per_tce_wan_cny < tax_per_tce_floor_wan_cny, false) as is_below_floor,
    concat_ws(
        '；',
        case
            when tax_per_mu_wan_cny < tax_per_mu_floor_wan_cny
                then '亩均税收' || round(tax_per_mu_wan_cny, 2) || '万元，下限' || tax_per_mu_floor_wan_cny || tax_per_mu_floor_wan_cny_note
        end,
        case
            when output_per_mu_wan_cny < output_per_mu_floor_wan_cny
                then '亩均产值' || round(output_per_mu_wan_cny, 1) || '万元，下限' || output_per_mu_floor_wan_cny || output_per_mu_floor_wan_cny_note
        end,
        case
            when output_per_tce_wan_cny < output_per_tce_floor_wan_cny
                then '吨标准煤产值' || round(output_per_tce_wan_cny, 2) || '万元，下限' || output_per_tce_floor_wan_cny || output_per_tce_floor_wan_cny_note
        end,
        case
            when tax_per_tce_wan_cny < tax_per_tce_floor_wan_cny
                then '吨标准煤税收' || round(tax_per_tce_wan_cny, 3) || '万元，下限' || tax_per_tce_floor_wan_cny || tax_per_tce_floor_wan_cny_note
        end,
        case when tax_per_mu_wan_cny is null then '亩均税收暂无' end,
        case when output_per_tce_wan_cny is null then '能耗产出暂无' end
    ) as low_value_text,
    {{ day }} as as_of_date
from results
