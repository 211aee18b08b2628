-- Local firms that are cared for (以企招商、忽视老企业): last visit against the level's interval, what they asked for, whom
-- they brought, and who of their supply chain could be invited.
with enterprises as (

    select
        enterprises.*,
        coalesce(names.unit_name, enterprises.written_unit_name) as unit_name,
        case enterprises.care_level
            when '重点' then {{ rule('visit_days_key') }}
            when '骨干' then {{ rule('visit_days_core') }}
            else {{ rule('visit_days_other') }}
        end as visit_within_days
    from {{ ref('stg_ledger__local_enterprises') }} as enterprises
    left join {{ ref('int_unit__names') }} as names
        on {{ name_form('enterprises.written_unit_name') }} = names.name_form and not names.is_ambiguous

),

visits as (

    select
        uscc,
        max(visit_date) as last_visit_date
    from (
        select
            uscc,
            last_visit_date as visit_date
        from enterprises
        where {{ by_the_day('last_visit_date') }}

        union all

        select
            counterparty_uscc as uscc,
            follow_up_date as visit_date
        from {{ ref('stg_ledger__follow_ups') }}
        where method in ('见商', '出差', '考察') and {{ by_the_day('known_date') }} and counterparty_uscc is not null
    ) as all_visits
    group by uscc

),

requests as (

    select
        {{ name_form('enterprise_name') }} as name_form,
        count(*) filter (where not is_closed) as open_request_count,
        count(*) filter (where is_overdue) as overdue_request_count,
        string_agg(request_text, '；' order by received_date, request_id) filter (where not is_closed) as open_request_text
    from {{ ref('brd_care__requests') }}
    group by name_form

),

introduced as (

    select
        {{ name_form('introduced_by') }} as name_form,
        count(*) as introduced_count,
        count(*) filter (where signed_date is not null) as introduced_signed_count,
        count(*) filter (where started_date is not null) as introduced_started_count
    from {{ ref('brd_lead__standing') }}
    where introduced_by is not null
    group by name_form

),

-- Suppliers and customers elsewhere: the firms that this one could invite (供应链邀请名单).
partners as (

    select
        name_form,
        count(distinct partner_name) as invite_count,
        string_agg(distinct partner_name || '（' || side || '）', '、' order by partner_name || '（' || side || '）') as invite_text
    from (
        select
            {{ name_form('customer_name') }} as name_form,
            supplier_name as partner_name,
            '供应商' as side
        from {{ ref('stg_ledger__supply_links') }}
        where not coalesce(is_local, false) and {{ by_the_day("coalesce(as_of_date, date '1900-01-01')") }}

        union all

        select
            {{ name_form('supplier_name') }} as name_form,
            customer_name as partner_name,
            '客户' as side
        from {{ ref('stg_ledger__supply_links') }}
        where not coalesce(is_local, false) and {{ by_the_day("coalesce(as_of_date, date '1900-01-01')") }}
    ) as links
    group by name_form

)

select
    enterprises.uscc,
    enterprises.enterprise_name,
    enterprises.unit_name,
    enterprises.care_level,
    coalesce(enterprises.is_recruiting, false) as is_recruiting,
    case when enterprises.is_recruiting then '以企招商企业' else '' end as recruiting_text,
    enterprises.leader_post,
    enterprises.chain_name,
    visits.last_visit_date,
    {{ as_of_date() }} - visits.last_visit_date as days_since_visit,
    cast(enterprises.visit_within_days as bigint) as visit_within_days,
    -- A firm without any visit on record is overdue, not unknown: that is what a neglect list is for.
    coalesce({{ as_of_date() }} - visits.last_visit_date > enterprises.visit_within_days, true) as is_neglected,
    case
        when visits.last_visit_date is null then '没有走访记录'
        when {{ as_of_date() }} - visits.last_visit_date > enterprises.visit_within_days
            then '已 ' || ({{ as_of_date() }} - visits.last_visit_date) || ' 天未走访，应 '
                || cast(enterprises.visit_within_days as bigint) || ' 天内走访一次'
        else '按期走访'
    end as visit_text,
    coalesce(requests.open_request_count, 0) as open_request_count,
    coalesce(requests.overdue_request_count, 0) as overdue_request_count,
    requests.open_request_text,
    coalesce(introduced.introduced_count, 0) as introduced_count,
    coalesce(introduced.introduced_signed_count, 0) as introduced_signed_count,
    coalesce(introduced.introduced_started_count, 0) as introduced_started_count,
    coalesce(partners.invite_count, 0) as invite_count,
    partners.invite_text,
    enterprises.expansion_text,
    {{ as_of_date() }} as as_of_date
from enterprises
left join visits on enterprises.uscc = visits.uscc
left join requests on {{ name_form('enterprises.enterprise_name') }} = requests.name_form
left join introduced on {{ name_form('enterprises.enterprise_name') }} = introduced.name_form
left join partners on {{ name_form('enterprises.enterprise_name') }} = partners.name_form
