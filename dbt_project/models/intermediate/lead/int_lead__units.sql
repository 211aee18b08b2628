-- Which unit a lead belongs to: whom the ledger names, or the taker of the last hand-over while the ledger still names a giver
-- (a sheet of a town is not rewritten because a bureau took the lead over). A unit that 单位名录 doesn't know leaves unit_name null: such leads go to
-- fct_rejected_rows and into no number.
with leads as (

    select
        lead_id,
        written_unit_name,
        {{ name_form('written_unit_name') }} as name_form
    from {{ ref('stg_ledger__leads') }}

),

names as (

    select
        name_form,
        unit_name,
        is_ambiguous
    from {{ ref('int_unit__names') }}

),

handed_over as (

    select
        transfers.lead_id,
        list(distinct givers.unit_name) as giver_names,
        -- A taker outside 单位名录 is null, and the ledger keeps its word.
        arg_max_null(takers.unit_name, (transfers.transferred_date, transfers.received_seq, transfers.source_row)) as taker_name
    from {{ ref('stg_ledger__lead_transfers') }} as transfers
    left join names as givers
        on {{ name_form('transfers.from_unit_name') }} = givers.name_form and not givers.is_ambiguous
    left join names as takers
        on {{ name_form('transfers.to_unit_name') }} = takers.name_form and not takers.is_ambiguous
    where coalesce(transfers.transfer_state, '已流转') = '已流转'
    group by transfers.lead_id

)

select
    leads.lead_id,
    leads.written_unit_name,
    case
        when names.is_ambiguous then null
        when list_contains(handed_over.giver_names, names.unit_name)
            then coalesce(handed_over.taker_name, names.unit_name)
        else names.unit_name
    end as unit_name,
    coalesce(names.is_ambiguous, false) as is_ambiguous
from leads
left join names on leads.name_form = names.name_form
left join handed_over on leads.lead_id = handed_over.lead_id
