-- Median grade by quarter of projects in talk at its end and of projects started in it. A quarter without any has 0 projects
-- and no median.
{% set as_of = as_of_date() %}
with progress as (

    select * from {{ ref('brd_lead__progress') }}

),

quarters as (

    select
        cast(quarter_start as date) as quarter_date,
        least(cast(quarter_start + interval 3 month - interval 1 day as date), {{ as_of }}) as end_date,
        {{ by_the_day("quarter_start + interval 3 month - interval 1 day") }} as is_complete
    from (
        select unnest(generate_series(
            date_trunc('quarter', (select coalesce(min(reported_date), {{ as_of }}) from progress)),
            date_trunc('quarter', {{ as_of }}), interval 3 month
        )) as quarter_start
    ) as starts

),

-- Where each lead was at the end of each quarter, by what is known on the day.
moves as (

    select
        quarters.quarter_date,
        facts.lead_id,
        facts.stage,
        facts.stage_order,
        facts.moved_date
    from quarters
    inner join {{ ref('fct_stage_moves') }} as facts on {{ by_the_day('facts.moved_date', 'quarters.end_date') }}
    where facts.has_required_evidence and {{ by_the_day('facts.known_date') }}

),

{{ lead_courses('moves', 'quarter_date') }},

members as (

    select
        courses.quarter_date,
        '在谈' as project_kind,
        courses.lead_id
    from courses
    where {{ reached('在谈', 'courses.stage_order') }} and not {{ reached('签约', 'courses.stage_order') }} and not courses.is_ended

    union all

    select
        quarters.quarter_date,
        '新开工' as project_kind,
        progress.lead_id
    from quarters
    inner join progress on progress.started_date between quarters.quarter_date and quarters.end_date

),

medians as (

    select
        members.quarter_date,
        members.project_kind,
        count(*) as project_count,
        count(grades.mean_points) as graded_count,
        median(grades.scale_points) as scale_median,
        median(grades.technology_points) as technology_median,
        median(grades.tax_points) as tax_median,
        median(grades.base_points) as base_median,
        median(grades.mean_points) as mean_median
    from members
    inner join {{ ref('brd_project__grades') }} as grades on members.lead_id = grades.lead_id
    group by members.quarter_date, members.project_kind

)

select
    quarters.quarter_date,
    kinds.project_kind,
    quarters.is_complete,
    coalesce(medians.project_count, 0) as project_count,
    coalesce(medians.graded_count, 0) as graded_count,
    medians.scale_median,
    medians.technology_median,
    medians.tax_median,
    medians.base_median,
    medians.mean_median,
    {{ as_of }} as as_of_date
from quarters
cross join (values ('在谈'), ('新开工')) as kinds (project_kind)
left join medians on quarters.quarter_date = medians.quarter_date and kinds.project_kind = medians.project_kind
