-- Without a ledger of units (单位名录), the units are those that the ledger of leads names, each by its most frequent spelling.
with landed as (

    select * from {{ source('landing', 'units') }}

),

named_by_leads as (

    select
        mode(written_unit_name order by written_unit_name) as unit_name,
        min(source_file) as source_file
    from {{ ref('stg_ledger__leads') }}
    where not exists (select 1 from landed)
    group by {{ name_form('written_unit_name') }}

),

-- A corrected file supersedes by key (更正后的文件按主键替换); what it replaces stays visible in stg_ledger__superseded_rows.
standing as (

    select *
    from landed
    qualify {{ received_rank('units') }} = 1

)

select
    unit_code,
    unit_name,
    unit_type,
    short_names,
    parent_unit_name,
    unit_name as written_unit_name,
    is_lead_department,
    chain_name,
    valid_from_date,
    valid_from_date_precision,
    former_names,
    false as is_named_by_leads,
    source_file,
    source_sheet,
    source_row,
    received_seq
from standing

union all by name

select
    unit_name,
    unit_name as written_unit_name,
    -- As far as the name says it; of a unit without a type no rank among its peers is worth anything.
    case
        when regexp_matches(unit_name, '(镇|乡)$') then '镇'
        when regexp_matches(unit_name, '街道(办事处|办)?$') then '街道'
        when regexp_matches(unit_name, '(局|委|委员会|办公室|部|中心)$') then '部门'
        when regexp_matches(unit_name, '(园|园区|开发区|高新区|新区)$') then '园区'
        when regexp_matches(unit_name, '招商.{0,3}组$') then '招商组'
        else '未注明'
    end as unit_type,
    true as is_named_by_leads,
    source_file
from named_by_leads
