-- Four axes side by side (规模、科技、税收、长久根基), each 0 to 100 with the figures that it was read from; the mean only where
-- all four are known, never instead of them. An axis without any figure is 暂无, not 0.
{% set as_of = as_of_date() %}
with ladder as (

    select *
    from {{ source('office', 'grade_points') }}
    where {{ by_the_day('valid_from') }}
    qualify rank() over (partition by axis, input_code order by valid_from desc) = 1

),

known as (

    select
        progress.lead_id,
        progress.project_name,
        progress.unit_name,
        progress.stage,
        progress.as_of_date,
        leads.titles,
        leads.titles_source,
        leads.titles_date,
        leads.patent_count,
        leads.research_wan_cny,
        unnest([
            {'input_code': 'investment', 'input_value': leads.investment_wan_cny},
            {'input_code': 'title_count', 'input_value': cast(len(list_filter(
                regexp_split_to_array(leads.titles, '[、;；,，]'), lambda title: trim(title) != ''
            )) as double)},
            {'input_code': 'patent_count', 'input_value': leads.patent_count},
            {'input_code': 'research', 'input_value': leads.research_wan_cny},
            {'input_code': 'yearly_tax', 'input_value': leads.promised_tax_wan_cny},
            {'input_code': 'tax_per_mu', 'input_value': coalesce(
                leads.tax_intensity_wan_cny_per_mu, leads.promised_tax_wan_cny / nullif(leads.land_mu, 0)
            )},
            {'input_code': 'fixed_share', 'input_value': case
                -- least() passes over nulls: without the condition a share that nobody wrote would read 100%.
                when leads.investment_wan_cny > 0 and leads.fixed_investment_wan_cny is not null
                    then least(100 * leads.fixed_investment_wan_cny / leads.investment_wan_cny, 100)
            end},
            {'input_code': 'land', 'input_value': leads.land_mu},
            {'input_code': 'research_centre', 'input_value': cast(leads.is_research_centre as double)},
            {'input_code': 'headquarters', 'input_value': case
                when coalesce(leads.headquarters_kind, '否') not in ('否', '无', '不是') then 1.0
            end}
        ], recursive := true)
    from {{ ref('brd_lead__progress') }} as progress
    inner join {{ ref('stg_ledger__leads') }} as leads on progress.lead_id = leads.lead_id

),

earned as (

    select
        known.lead_id,
        ladder.axis,
        ladder.input_code,
        min(ladder.input_name) as input_name,
        min(ladder.measure) as measure,
        min(known.input_value) as input_value,
        cast(max(ladder.points) filter (where known.input_value >= ladder.at_least) as double) as points
    from known
    inner join ladder on known.input_code = ladder.input_code
    where known.input_value is not null
    group by known.lead_id, ladder.axis, ladder.input_code

),

axes as (

    select
        lead_id,
        axis,
        -- Below the lowest step is 0 points: the figure is known.
        least(cast(sum(coalesce(points, 0)) as double), 100) as axis_points,
        string_agg(
            input_name || {{ number_text('input_value') }} || measure || '，' || {{ number_text('coalesce(points, 0)') }} || '分',
            '；' order by input_code
        ) as inputs_text
    from earned
    group by lead_id, axis

),

wide as (

    select
        lead_id,
        {% for column, axis in [('scale', '规模'), ('technology', '科技'), ('tax', '税收'), ('base', '长久根基')] %}
        max(axis_points) filter (where axis = '{{ axis }}') as {{ column }}_points,
        max(inputs_text) filter (where axis = '{{ axis }}') as {{ column }}_inputs_text,
        {% endfor %}
        count(*) as known_axis_count
    from axes
    group by lead_id

)

select
    leads.lead_id,
    leads.project_name,
    leads.unit_name,
    leads.stage,
    wide.scale_points,
    wide.scale_inputs_text,
    wide.technology_points,
    wide.technology_inputs_text,
    wide.tax_points,
    wide.tax_inputs_text,
    wide.base_points,
    wide.base_inputs_text,
    coalesce(wide.known_axis_count, 0) as known_axis_count,
    round((wide.scale_points + wide.technology_points + wide.tax_points + wide.base_points) / 4, 2) as mean_points,
    coalesce(leads.titles like '%高新%', false) as is_high_tech,
    coalesce(leads.titles like '%专精特新%' or leads.titles like '%小巨人%', false) as is_specialised,
    coalesce(leads.titles like '%瞪羚%', false) as is_gazelle,
    coalesce(leads.titles like '%独角兽%', false) as is_unicorn,
    leads.titles,
    leads.titles_source,
    leads.titles_date,
    leads.patent_count,
    leads.research_wan_cny,
    leads.as_of_date
from (select distinct on (lead_id) * from known) as leads
left join wide on leads.lead_id = wide.lead_id
