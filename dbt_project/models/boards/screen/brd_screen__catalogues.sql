-- Every catalogue as of the day (目录版本): which edition is in force, how many items of it were entered, and what can't be judged for want of
-- one. For the three tag lists also how many leads carry a tag.
{% set day = as_of_date() %}
with known as (

    select
        catalogue_name,
        bool_or(is_required) as is_required,
        min(applies_to) as applies_to,
        nullif(arg_max(catalogue_edition, valid_from) filter (
            where {{ by_the_day('valid_from') }} and coalesce(not {{ by_the_day('valid_to') }}, true)
        ), '*') as edition_in_force,
        bool_or({{ by_the_day('valid_from') }} and coalesce(not {{ by_the_day('valid_to') }}, true)) as has_edition_in_force,
        arg_max(is_verified, valid_from) filter (
            where {{ by_the_day('valid_from') }} and coalesce(not {{ by_the_day('valid_to') }}, true)
        ) as is_verified
    from {{ source('office', 'catalogue_editions') }}
    group by catalogue_name

),

items as (

    select
        items.*,
        {{ edition_form('items.catalogue_edition') }} as edition,
        editions.catalogue_name is not null as is_known_edition,
        {{ by_the_day('items.valid_from_date') }}
        and coalesce(not {{ by_the_day('items.valid_to_date') }}, true)
        and coalesce(not {{ by_the_day('editions.valid_to') }}, true) as is_in_force
    from {{ ref('stg_ledger__catalogue_items') }} as items
    left join {{ source('office', 'catalogue_editions') }} as editions
        on {{ same_edition('items', 'editions') }}

),

entered as (

    select
        catalogue_name,
        count(*) as item_count,
        count(*) filter (where is_in_force) as in_force_count,
        count(*) filter (where is_in_force and is_known_edition) as judging_count,
        count(*) filter (where not is_in_force and coalesce({{ by_the_day('valid_to_date') }}, true)) as expired_count,
        count(*) filter (where not is_known_edition) as unknown_edition_count,
        string_agg(distinct edition, '、' order by edition) as entered_editions
    from items
    group by catalogue_name

),

named as (

    select
        coalesce(known.catalogue_name, entered.catalogue_name) as catalogue_name,
        coalesce(known.is_required, false) as is_required,
        coalesce(known.applies_to, '全部') as applies_to,
        known.edition_in_force,
        coalesce(known.has_edition_in_force, false) as has_edition_in_force,
        known.is_verified,
        coalesce(entered.item_count, 0) as item_count,
        coalesce(entered.in_force_count, 0) as in_force_count,
        coalesce(entered.judging_count, 0) as judging_count,
        coalesce(entered.expired_count, 0) as expired_count,
        case when known.catalogue_name is not null then coalesce(entered.unknown_edition_count, 0) else 0 end
            as unknown_edition_count,
        entered.entered_editions
    from known
    full outer join entered on known.catalogue_name = entered.catalogue_name

)

select
    catalogue_name,
    is_required,
    applies_to,
    edition_in_force,
    is_verified,
    entered_editions,
    item_count,
    in_force_count,
    expired_count,
    unknown_edition_count,
    case
        when not is_required then null
        when not has_edition_in_force then '无法判断：“' || catalogue_name || '”在这一天没有施行中的版本'
        when judging_count = 0 and unknown_edition_count > 0
            then '无法判断：“' || catalogue_name || '”录入的版本（' || entered_editions || '）未登记'
        when judging_count = 0 and item_count > 0
            then '无法判断：“' || catalogue_name || '”录入的版本（' || entered_editions || '）已失效或未施行' || coalesce('，应为' || edition_in_force, '')
        when judging_count = 0 then '无法判断：“' || catalogue_name || '”' || coalesce('（' || edition_in_force || '）', '') || '没有录入条目'
    end as gap_text,
    {{ day }} as as_of_date
from named
