{#- A limit of board_limits.csv as it was valid on the day (阈值，以截至日有效的为准). -#}
{% macro board_limit(rule_code) -%}
    (
        select arg_max(limit_value, valid_from)
        from {{ source('office', 'board_limits') }}
        where rule_code = '{{ rule_code }}' and {{ by_the_day('valid_from') }}
    )
{%- endmacro %}

{#- Sum of money without an order of adding: a sum of doubles would depend on the order of the rows. -#}
{% macro money_sum(expression, condition=none) -%}
    cast(
        sum(cast({{ expression }} as decimal(18, 4))) {% if condition %}filter (where {{ condition }}) {% endif %}as double
    )
{%- endmacro %}

{#- Project names compare without the words that every name holds, and without the phase (一期、二期). -#}
{% macro project_form(column) -%}
    regexp_replace({{ name_form(column) }}, '项目|工程|[一二三四]期|[()]', '', 'g')
{%- endmacro %}

{#- Signings of one investor and project: the day on which a lead reached 签约, and every later counted move to 签约 (a lead may sign
    again). A signing that follows the one before within so many months belongs to the same group, and only the first of a group
    counts (重复签约只计第一次). A lead counts by its first signing. With `day`, a column of the moves, the same once for each day. -#}
{% macro grouped_signings(moves, months, day=none) -%}
signing_moves as (

    select *
    from {{ moves }}
    where has_required_evidence and {{ reached('签约') }}
    qualify {{ is_move_to('签约') }} or row_number() over (
        partition by {% if day %}{{ day }}, {% endif %}lead_id order by moved_date, stage_order
    ) = 1

),

signings as (

    select
        {% if day %}moves.{{ day }},{% endif %}
        moves.lead_id,
        moves.moved_date as signed_date,
        coalesce(identities.enterprise_id, moves.lead_id) as enterprise_id,
        coalesce({{ project_form('leads.project_name') }}, moves.lead_id) as project_form,
        row_number() over (
            partition by {% if day %}moves.{{ day }}, {% endif %}moves.lead_id order by moves.moved_date, moves.stage_order
        ) = 1 as is_first_of_lead
    from signing_moves as moves
    inner join {{ ref('stg_ledger__leads') }} as leads on moves.lead_id = leads.lead_id
    left join {{ ref('stg_identity__leads') }} as identities on moves.lead_id = identities.lead_id

),

linked_signings as (

    select
        *,
        lag(lead_id) over in_order as previous_lead_id,
        lag(signed_date) over in_order as previous_signed_date
    from signings
    window in_order as (partition by {% if day %}{{ day }}, {% endif %}enterprise_id, project_form order by signed_date, lead_id)

),

started_groups as (

    select
        *,
        previous_signed_date is null
        or signed_date > previous_signed_date + to_months(cast({{ months }} as integer)) as starts_group
    from linked_signings

),

grouped_signings as (

    select
        *,
        starts_group and is_first_of_lead as is_counted,
        count(*) filter (where starts_group) over (
            partition by {% if day %}{{ day }}, {% endif %}enterprise_id, project_form order by signed_date, lead_id
        ) as group_no
    from started_groups

)
{%- endmacro %}
