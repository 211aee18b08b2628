with follow_ups as (

    select
        *,
        {{ name_form('written_unit_name') }} as name_form
    from {{ ref('stg_ledger__follow_ups') }}

),

lead_units as (

    select
        lead_id,
        unit_name
    from {{ ref('int_lead__units') }}
    where unit_name is not null

),

names as (

    select
        name_form,
        unit_name
    from {{ ref('int_unit__names') }}
    where not is_ambiguous

)

select
    follow_ups.lead_id,
    follow_ups.follow_up_date,
    follow_ups.method,
    follow_ups.content,
    follow_ups.recorded_date,
    follow_ups.known_date,
    -- Who went; where that is not written, or not known, the unit that is responsible for the lead.
    coalesce(names.unit_name, lead_units.unit_name) as unit_name,
    follow_ups.led_by,
    follow_ups.result,
    follow_ups.next_step,
    follow_ups.method in ('见商', '出差', '考察') as is_in_person,
    coalesce(follow_ups.led_by = '一把手', false) as is_principal_led,
    coalesce(follow_ups.result in ('有意向', '推进签约'), false) as is_interested,
    {{ is_from_desk('follow_ups.received_seq') }} as is_from_desk
from follow_ups
inner join lead_units on follow_ups.lead_id = lead_units.lead_id
left join names on follow_ups.name_form = names.name_form
