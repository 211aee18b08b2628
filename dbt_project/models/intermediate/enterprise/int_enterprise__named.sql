-- Firms that small ledgers name (榜单、动向、供需、人脉、本地企业), found in the register by code, else by a name that one firm alone
-- bears. One pass over the register for all of them.
with named as (

    select enterprise_name, uscc from {{ ref('stg_ledger__external_lists') }}
    union all
    select enterprise_name, uscc from {{ ref('stg_ledger__enterprise_signals') }}
    union all
    select supplier_name, supplier_uscc from {{ ref('stg_ledger__supply_links') }}
    union all
    select customer_name, customer_uscc from {{ ref('stg_ledger__supply_links') }}
    union all
    select target_name, target_uscc from {{ ref('stg_ledger__connections') }}
    union all
    select enterprise_name, uscc from {{ ref('stg_ledger__local_enterprises') }}

),

-- A name written with a code somewhere speaks of that firm everywhere.
names as (

    select
        {{ name_form('enterprise_name') }} as name_form,
        case when count(distinct uscc) = 1 then max(uscc) end as uscc
    from named
    where enterprise_name is not null
    group by 1

),

-- Registers write brackets half or full width; the rest of the form is compared only for the few that this lets through, because to bring
-- every name of the register into that form costs as much as the scan.
spellings as (

    select name_form as spelling from names
    union
    select translate(name_form, '()', '（）') from names

),

rows_found as (

    select
        enterprises.enterprise_key,
        enterprises.uscc,
        enterprises.enterprise_name,
        enterprises.is_local,
        enterprises.source_row
    from {{ ref('stg_register__enterprises') }} as enterprises
    where enterprises.enterprise_name in (select spellings.spelling from spellings)

    union

    select
        enterprises.enterprise_key,
        enterprises.uscc,
        enterprises.enterprise_name,
        enterprises.is_local,
        enterprises.source_row
    from {{ ref('stg_register__enterprises') }} as enterprises
    where enterprises.uscc in (select names.uscc from names where names.uscc is not null)

),

found as (

    select
        enterprise_key,
        uscc,
        {{ name_form('enterprise_name') }} as name_form,
        is_local,
        source_row
    from rows_found

),

by_name as (

    select
        name_form,
        max(enterprise_key) as enterprise_key,
        bool_or(is_local) as is_local,
        max(source_row) as source_row
    from found
    group by name_form
    having count(*) = 1

)

select
    names.name_form,
    coalesce(names.uscc, by_name.enterprise_key) as enterprise_key,
    case
        when by_code.enterprise_key is not null then '信用代码'
        when names.uscc is null and by_name.enterprise_key is not null then '企业名称'
        else '不在名录'
    end as match_by,
    coalesce(by_code.is_local, by_name.is_local, false) as is_local_in_register,
    coalesce(by_code.source_row, by_name.source_row) as register_row
from names
left join found as by_code on names.uscc = by_code.uscc
left join by_name on names.name_form = by_name.name_form and names.uscc is null
where names.name_form is not null
