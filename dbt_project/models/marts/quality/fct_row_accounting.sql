-- Every row is accounted for: landed = standing + superseded + rejected. Each number is counted from its own table, so
-- that the sum is a test of the pipeline.
{% set marts = {
    'units': 'dim_units',
    'leads': 'dim_leads',
    'follow_ups': 'fct_follow_ups',
    'stage_moves': 'fct_stage_moves',
    'targets': 'fct_targets',
} %}
with landed as (

    select
        ledger,
        ledger_name,
        landed_count
    from {{ ref('stg_ledger__landed_counts') }}

    union all

    select
        'register' as ledger,
        '企业名录' as ledger_name,
        count(*) as landed_count
    from {{ ref('stg_register__landed_rows') }}

),

standing as (
{% for ledger in ledger_titles() %}
    select
        '{{ ledger }}' as ledger,
        count(*) as standing_count
    from {{ ref(marts.get(ledger, 'stg_ledger__' ~ ledger)) }}
    {{ 'where not is_named_by_leads' if ledger == 'units' }}
    union all
{% endfor %}
    select
        'register' as ledger,
        count(*) as standing_count
    from {{ ref('stg_register__enterprises') }}

),

superseded as (

    select
        ledger,
        count(*) as superseded_count
    from {{ ref('stg_ledger__superseded_rows') }}
    group by ledger

    union all

    select
        'register' as ledger,
        count(*) as superseded_count
    from {{ ref('stg_register__superseded_rows') }}

),

rejected as (

    select
        ledger,
        count(*) as rejected_count
    from {{ ref('int_ledger__rejected') }}
    group by ledger

),

-- Not part of the sum: these never landed. One row may have several cells refused.
refused as (

    select
        ledger,
        count(distinct concat_ws('｜', source_file, source_sheet, source_row)) as refused_count
    from {{ ref('stg_ledger__refused') }}
    where not is_row_taken
    group by ledger

)

select
    landed.ledger,
    landed.ledger_name,
    landed.landed_count,
    standing.standing_count,
    coalesce(superseded.superseded_count, 0) as superseded_count,
    coalesce(rejected.rejected_count, 0) as rejected_count,
    coalesce(refused.refused_count, 0) as refused_count
from landed
inner join standing on landed.ledger = standing.ledger
left join superseded on landed.ledger = superseded.ledger
left join rejected on landed.ledger = rejected.ledger
left join refused on landed.ledger = refused.ledger
