-- Until its day of a hand-over (流转) a lead was the giver's: a hand-over moves what comes after it, never what was before.
-- Handed on twice on one day, it was the first giver's. A giver outside 单位名录 moves nothing.
select
    transfers.lead_id,
    transfers.transferred_date,
    transfers.from_unit_name
from {{ ref('fct_lead_transfers') }} as transfers
semi join {{ ref('stg_ledger__units') }} as units on transfers.from_unit_name = units.unit_name
left join (select distinct lead_id, transferred_date, to_unit_name from {{ ref('fct_lead_transfers') }}) as taken
    on transfers.lead_id = taken.lead_id
    and transfers.transferred_date = taken.transferred_date
    and transfers.from_unit_name = taken.to_unit_name
qualify row_number() over (
    partition by transfers.lead_id, transfers.transferred_date
    order by taken.to_unit_name is not null, transfers.from_unit_name
) = 1
