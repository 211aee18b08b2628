-- Hand-overs that took place; offered or sent back ones (待接收、退回) move nothing.
with transfers as (

    select
        *,
        {{ name_form('from_unit_name') }} as from_form,
        {{ name_form('to_unit_name') }} as to_form
    from {{ ref('stg_ledger__lead_transfers') }}
    where coalesce(transfer_state, '已流转') = '已流转'

),

names as (

    select
        name_form,
        unit_name
    from {{ ref('int_unit__names') }}
    where not is_ambiguous

)

select
    transfers.lead_id,
    transfers.transferred_date,
    coalesce(givers.unit_name, transfers.from_unit_name) as from_unit_name,
    -- A unit outside 单位名录 (another district) may take a lead over; its name stays as written.
    coalesce(takers.unit_name, transfers.to_unit_name) as to_unit_name
from transfers
inner join {{ ref('int_lead__units') }} as units
    on transfers.lead_id = units.lead_id and units.unit_name is not null
left join names as givers on transfers.from_form = givers.name_form
left join names as takers on transfers.to_form = takers.name_form
qualify row_number() over (
    partition by transfers.lead_id, transfers.transferred_date, coalesce(takers.unit_name, transfers.to_unit_name)
    order by transfers.received_seq desc, transfers.source_row desc
) = 1
