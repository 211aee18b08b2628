-- What was set above and what was divided below (任务分解): 上级 to the district, the district to units, a unit to those under it.
-- Sums must agree; where they don't, the difference stands.
with days as (

    select {{ as_of_date() }} as told_date

),

{{ divided_targets('days') }},

below as (

    select
        target_year,
        parent_unit_name,
        indicator,
        sum(cast(target_value as decimal(18, 4))) as divided_value,
        count(*) as unit_count
    from targets
    where parent_unit_name is not null and (select is_within_parent from settings)
    group by target_year, parent_unit_name, indicator

),

levels as (

    select
        '全区' as level,
        coalesce(given.target_year, divided.target_year) as target_year,
        coalesce(given.issued_by, '') as upper_name,
        coalesce(given.indicator, divided.indicator) as indicator,
        given.target_value as upper_value,
        cast(divided.divided_value as double) as divided_value,
        coalesce(divided.unit_count, 0) as unit_count,
        given.document_no
    from given
    full join divided on given.target_year = divided.target_year and given.indicator = divided.indicator

    union all

    select
        '单位' as level,
        below.target_year,
        below.parent_unit_name as upper_name,
        below.indicator,
        targets.target_value as upper_value,
        cast(below.divided_value as double) as divided_value,
        below.unit_count,
        null as document_no
    from below
    inner join targets
        on below.parent_unit_name = targets.unit_name
        and below.target_year = targets.target_year
        and below.indicator = targets.indicator

)

select
    levels.level,
    levels.target_year,
    levels.upper_name,
    levels.indicator,
    indicators.indicator_order,
    indicators.measure,
    {{ as_of_date() }} as as_of_date,
    levels.upper_value,
    coalesce({{ number_text('levels.upper_value') }} || indicators.measure, '未下达') as upper_text,
    levels.divided_value,
    coalesce({{ number_text('levels.divided_value') }} || indicators.measure, '未分解') as divided_text,
    levels.unit_count,
    round(levels.divided_value - levels.upper_value, 4) as difference_value,
    case
        when levels.upper_value is null then '上级未下达'
        when levels.divided_value is null then '未分解'
        when abs(levels.divided_value - levels.upper_value) < 0.005 then '一致'
        when levels.divided_value > levels.upper_value
            then '分解数多' || {{ number_text('levels.divided_value - levels.upper_value') }} || indicators.measure
        else '分解数少' || {{ number_text('levels.upper_value - levels.divided_value') }} || indicators.measure
    end as difference_text,
    levels.document_no
from levels
inner join {{ source('office', 'indicators') }} as indicators on levels.indicator = indicators.indicator
