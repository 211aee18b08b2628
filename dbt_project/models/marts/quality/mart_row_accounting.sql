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
{% for ledger, name in ledger_titles().items() %}
    select
        '{{ ledger }}' as ledger,
        '{{ name }}' as ledger_name,
        (select count(*) from {{ source('landing', ledger) }}) as landed_count,
        (select count(*) from {{ ref(marts.get(ledger, 'stg_ledger__' ~ ledger)) }}) as standing_count
    union all
{% endfor %}
    select
        'register' as ledger,
        '企业名录' as ledger_name,
        (select count(*) from {{ source('landing', 'register') }}) as landed_count,
        (select count(*) from {{ ref('stg_register__enterprises') }}) as standing_count

),

superseded as (

    select
        ledger,
        count(*) as superseded_count
    from {{ ref('int_ledger__superseded') }}
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
    landed.standing_count,
    coalesce(superseded.superseded_count, 0) as superseded_count,
    coalesce(rejected.rejected_count, 0) as rejected_count,
    coalesce(refused.refused_count, 0) as refused_count
from landed
left join superseded on landed.ledger = superseded.ledger
left join rejected on landed.ledger = rejected.ledger
left join refused on landed.ledger = refused.ledger
