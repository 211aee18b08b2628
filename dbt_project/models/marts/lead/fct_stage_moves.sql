-- Only a move with the evidence that its stage asks for counts as reached (有佐证才算数); the others stay visible.
with moves as (

    select
        moves.*,
        -- Whose it was on that day: a hand-over moves what comes after it, never what was before.
        coalesce(transfers.from_unit_name, units.unit_name) as unit_name
    from {{ ref('stg_ledger__stage_moves') }} as moves
    inner join {{ ref('int_lead__units') }} as units on moves.lead_id = units.lead_id
    asof left join {{ ref('fct_lead_givers') }} as transfers
        on moves.lead_id = transfers.lead_id and moves.moved_date < transfers.transferred_date
    where units.unit_name is not null

),

rules as (

    select
        stage,
        stage_order,
        nullif(trim(evidence_kinds), '') as evidence_kinds,
        valid_from
    from {{ source('office', 'stage_rules') }}

),

-- The rule of the day on which the move happened: a stricter rule does not undo what was counted before it.
ruled as (

    select
        moves.*,
        rules.stage_order,
        rules.evidence_kinds,
        rules.evidence_kinds is not null as is_evidence_required
    from moves
    asof left join rules on moves.stage = rules.stage and moves.moved_date >= rules.valid_from

),

judged as (

    select
        *,
        not is_evidence_required
        or coalesce(list_contains(string_split(evidence_kinds, '、'), evidence_kind), false) as has_required_evidence
    from ruled

)

select
    lead_id,
    stage,
    moved_date,
    recorded_date,
    known_date,
    unit_name,
    cast(stage_order as bigint) as stage_order,
    is_evidence_required,
    evidence_kind,
    evidence_no,
    has_required_evidence,
    case
        when has_required_evidence then null
        when evidence_kind is null then '未计入：缺少佐证材料，应有' || replace(evidence_kinds, '、', '或')
        else '未计入：佐证材料“' || evidence_kind || '”不符，应有' || replace(evidence_kinds, '、', '或')
    end as not_counted_reason,
    paid_tax_wan_cny,
    lost_reason,
    {{ is_from_desk('received_seq') }} as is_from_desk
from judged
