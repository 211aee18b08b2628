-- Standing rows that can't be tied to what they speak of. They are counted nowhere, and lost nowhere.
with leads as (

    select * from {{ ref('stg_ledger__leads') }}

),

lead_units as (

    select * from {{ ref('int_lead__units') }}

),

rejected_leads as (

    select
        'leads' as ledger,
        '线索台账' as ledger_name,
        leads.lead_id as row_key,
        leads.source_file,
        leads.source_sheet,
        leads.source_row,
        '负责单位' as source_column,
        leads.written_unit_name as written_value,
        case
            when lead_units.is_ambiguous then '简称“' || leads.written_unit_name || '”对应不止一个单位'
            else '负责单位“' || leads.written_unit_name || '”不在单位名录中'
        end as reason,
        '请改用单位名录中的全称，或在单位名录中补充该单位或简称' as mend
    from leads
    inner join lead_units on leads.lead_id = lead_units.lead_id
    where lead_units.unit_name is null

),

known_leads as (

    select lead_id from lead_units where unit_name is not null

),

{% for ledger, name, key in [
    ('follow_ups', '跟进记录', "concat_ws('｜', facts.lead_id, facts.follow_up_date, facts.method)"),
    ('stage_moves', '项目进展', "concat_ws('｜', facts.lead_id, facts.stage, facts.moved_date)"),
] %}
rejected_{{ ledger }} as (

    select
        '{{ ledger }}' as ledger,
        '{{ name }}' as ledger_name,
        {{ key }} as row_key,
        facts.source_file,
        facts.source_sheet,
        facts.source_row,
        '线索编号' as source_column,
        facts.lead_id as written_value,
        case
            when lead_units.lead_id is null then '线索编号“' || facts.lead_id || '”不在线索台账中'
            else '线索“' || facts.lead_id || '”的负责单位不明，该线索本身未入库'
        end as reason,
        case
            when lead_units.lead_id is null then '请核对线索编号，或先在线索台账中登记该线索'
            else '请先在线索台账中更正该线索的负责单位'
        end as mend
    from {{ ref('stg_ledger__' ~ ledger) }} as facts
    anti join known_leads on facts.lead_id = known_leads.lead_id
    left join lead_units on facts.lead_id = lead_units.lead_id

),
{% endfor %}

rejected_targets as (

    select
        'targets' as ledger,
        '年度任务' as ledger_name,
        concat_ws('｜', targets.target_year, targets.written_unit_name, targets.indicator) as row_key,
        targets.source_file,
        targets.source_sheet,
        targets.source_row,
        case
            when names.unit_name is null or names.is_ambiguous then '责任单位'
            when indicators.indicator is null then '指标'
            when not list_contains(string_split(indicators.written_measures, '、'), targets.measure) then '计量单位'
            when targets.target_value < 0 then '任务数'
            else '责任单位'
        end as source_column,
        case
            when names.unit_name is null or names.is_ambiguous then targets.written_unit_name
            when indicators.indicator is null then targets.indicator
            when not list_contains(string_split(indicators.written_measures, '、'), targets.measure) then targets.measure
            when targets.target_value < 0 then cast(targets.target_value as varchar)
            else targets.written_unit_name
        end as written_value,
        case
            when names.is_ambiguous then '简称“' || targets.written_unit_name || '”对应不止一个单位'
            when names.unit_name is null then '责任单位“' || targets.written_unit_name || '”不在单位名录中'
            when indicators.indicator is null then '指标“' || targets.indicator || '”不在任务指标表中'
            when not list_contains(string_split(indicators.written_measures, '、'), targets.measure)
                then '指标“' || targets.indicator || '”的计量单位不应是“' || targets.measure || '”'
            when targets.target_value < 0 then '任务数为负'
            -- 全称 and 简称 of one unit are two keys of the ledger but one task: the row received last stands.
            else '同一单位同一指标的任务以后收到的一行为准'
        end as reason,
        case
            when names.unit_name is null or names.is_ambiguous then '请改用单位名录中的全称，或在单位名录中补充该单位或简称'
            when indicators.indicator is null then '请改用任务指标表（indicators.csv）中的名称，或在表中增加这个指标或写法'
            when not list_contains(string_split(indicators.written_measures, '、'), targets.measure) then '该指标请用' || replace(indicators.written_measures, '、', '或')
            when targets.target_value < 0 then '请核对后填写不小于0的数'
            else '请删去重复的一行'
        end as mend
    from {{ ref('stg_ledger__targets') }} as targets
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('targets.written_unit_name') }} = names.name_form
    left join {{ source('office', 'indicators') }} as indicators
        on {{ names_indicator('targets.indicator', 'indicators') }}
    left join {{ ref('int_unit__targets') }} as standing
        on targets.target_year = standing.target_year
        and targets.written_unit_name = standing.written_unit_name
        and targets.indicator = standing.written_indicator
    where standing.target_year is null

)

select * from rejected_leads
union all
select * from rejected_follow_ups
union all
select * from rejected_stage_moves
union all
select * from rejected_targets
