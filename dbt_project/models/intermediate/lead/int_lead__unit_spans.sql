-- Who was responsible when (流转前后的责任单位): a fact belongs to the unit that had the lead on that day. Only leads that were
-- handed over to a unit of 单位名录; all others have one unit, that of dim_leads.
with moves as (

    select
        transfers.lead_id,
        transfers.transferred_date,
        transfers.from_unit_name,
        transfers.to_unit_name
    from {{ ref('fct_lead_transfers') }} as transfers
    semi join {{ ref('dim_units') }} as units on transfers.to_unit_name = units.unit_name
    -- Two hand-overs on one day have no order: the name decides, so that a figure is the same every night.
    qualify row_number() over (
        partition by transfers.lead_id, transfers.transferred_date order by transfers.to_unit_name
    ) = 1

)

select
    lead_id,
    transferred_date as valid_from_date,
    to_unit_name as unit_name
from moves

union all

select
    moves.lead_id,
    date '1900-01-01' as valid_from_date,
    coalesce(units.unit_name, leads.unit_name) as unit_name
from moves
inner join {{ ref('dim_leads') }} as leads on moves.lead_id = leads.lead_id
left join {{ ref('dim_units') }} as units on moves.from_unit_name = units.unit_name
qualify row_number() over (partition by moves.lead_id order by moves.transferred_date) = 1
