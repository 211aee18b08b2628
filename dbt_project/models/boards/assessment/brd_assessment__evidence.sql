-- Every claimed stage with the evidence behind it (佐证): what the rule asks for, what was filed, who verified it and when.
with moves as (

    select *
    from {{ ref('fct_stage_moves') }}
    where is_evidence_required and {{ by_the_day('known_date') }} and {{ by_the_day('moved_date') }}

),

items as (

    select
        lead_id,
        stage,
        count(*) as item_count,
        count(*) filter (where verdict = '属实' and {{ by_the_day('verified_date') }}) as verified_count,
        count(*) filter (where verdict in ('存疑', '退回') and {{ by_the_day('verified_date') }}) as doubted_count,
        string_agg(distinct evidence_kind, '、' order by evidence_kind) as filed_kinds,
        arg_max(verified_by, verified_date) filter (where {{ by_the_day('verified_date') }}) as verified_by,
        max(verified_date) filter (where {{ by_the_day('verified_date') }}) as verified_date
    from {{ ref('stg_ledger__evidence_items') }}
    where {{ by_the_day('received_date') }}
    group by lead_id, stage

)

select
    moves.lead_id,
    moves.stage,
    moves.moved_date,
    leads.project_name,
    moves.unit_name,
    {{ as_of_date() }} as as_of_date,
    moves.known_date,
    moves.evidence_kind,
    moves.evidence_no,
    coalesce(items.item_count, 0) as item_count,
    coalesce(items.verified_count, 0) as verified_count,
    coalesce(items.doubted_count, 0) as doubted_count,
    items.filed_kinds,
    items.verified_by,
    items.verified_date,
    moves.has_required_evidence as is_counted,
    case
        when not moves.has_required_evidence then moves.not_counted_reason
        when items.item_count is null then '计入；佐证材料台账中没有归档'
        when items.doubted_count > 0 then '计入；有' || items.doubted_count || '份材料存疑或退回'
        when items.verified_count = 0 then '计入；材料未核验'
        else '计入；' || coalesce(items.verified_by, '（未写单位）') || '于' || items.verified_date || '核验'
    end as evidence_text
from moves
inner join {{ ref('dim_leads') }} as leads on moves.lead_id = leads.lead_id
left join items on moves.lead_id = items.lead_id and moves.stage = items.stage
