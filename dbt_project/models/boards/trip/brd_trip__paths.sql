-- Who can open which door (引荐路径): organisations that know a firm we want, never persons. Targets are open leads, and
-- firms of the ties themselves whom nobody follows yet.
with ties as (

    select
        {{ name_form('connections.introducer_name') }} as introducer_form,
        connections.introducer_name,
        connections.relation_kind,
        connections.target_name,
        connections.city_name,
        connections.strength,
        coalesce(names.unit_name, connections.written_unit_name) as keeper_unit_name,
        connections.last_contact_date,
        connections.consent_text,
        '人脉资源' as ledger_name
    from {{ ref('stg_ledger__connections') }} as connections
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('connections.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day("coalesce(connections.last_contact_date, date '1900-01-01')") }}

    union all

    -- A local firm that buys from the target or sells to it.
    select
        {{ name_form('local.enterprise_name') }} as introducer_form,
        local.enterprise_name as introducer_name,
        '上下游' as relation_kind,
        case when {{ name_form('links.supplier_name') }} = {{ name_form('local.enterprise_name') }}
            then links.customer_name else links.supplier_name end as target_name,
        null as city_name,
        null as strength,
        coalesce(names.unit_name, local.written_unit_name) as keeper_unit_name,
        links.as_of_date as last_contact_date,
        '上下游供需台账' as consent_text,
        '上下游供需' as ledger_name
    from {{ ref('stg_ledger__supply_links') }} as links
    inner join {{ ref('stg_ledger__local_enterprises') }} as local
        on {{ name_form('local.enterprise_name') }} in ({{ name_form('links.supplier_name') }}, {{ name_form('links.customer_name') }})
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('local.written_unit_name') }} = names.name_form and not names.is_ambiguous
    where {{ by_the_day("coalesce(links.as_of_date, date '1900-01-01')") }} and not coalesce(links.is_local, false)

),

targets as (

    select
        {{ name_form('enterprise_name') }} as target_form,
        min(lead_id) filter (where not is_forbidden) as lead_id,
        arg_min(unit_name, lead_id) filter (where not is_forbidden) as unit_name,
        arg_min(project_name, lead_id) filter (where not is_forbidden) as project_name,
        bool_and(is_forbidden) as is_forbidden
    from {{ ref('brd_lead__standing') }}
    where is_open and lost_date is null
    group by target_form

),

known as (

    select
        ties.*,
        targets.lead_id,
        targets.unit_name,
        targets.project_name,
        case ties.strength when '强' then 3 when '中' then 2 when '弱' then 1 else 0 end
        + case when ties.consent_text is not null then 2 else 0 end as path_points
    from ties
    left join targets on {{ name_form('ties.target_name') }} = targets.target_form
    left join {{ ref('brd_screen__enterprises') }} as screens on {{ name_form('ties.target_name') }} = screens.name_form
    -- What the screens forbid is nobody's target: a firm that nobody follows, or all that a followed one brings. A firm of a closed trade may
    -- bring another project.
    where coalesce(not targets.is_forbidden, coalesce(screens.screen_result, '') != '禁止')

)

select
    target_name,
    city_name,
    lead_id,
    project_name,
    coalesce(unit_name, keeper_unit_name) as unit_name,
    introducer_name,
    relation_kind,
    ledger_name,
    strength,
    keeper_unit_name,
    last_contact_date,
    consent_text,
    case when lead_id is null then '还没有单位跟进' else '在跟：' || unit_name end as target_state,
    introducer_name || '（' || relation_kind || coalesce('，联系' || strength, '') || '）'
        || case when consent_text is null then '，未填使用依据，用前须核实' else '' end as path_text,
    row_number() over (
        partition by {{ name_form('target_name') }} order by path_points desc, last_contact_date desc nulls last, introducer_name
    ) as path_rank,
    {{ as_of_date() }} as as_of_date
from known
-- The same tie told by two ledgers, or a supplier of several products, is one path.
qualify row_number() over (
    partition by {{ name_form('target_name') }}, introducer_form, relation_kind
    order by path_points desc, last_contact_date desc nulls last, ledger_name
) = 1
