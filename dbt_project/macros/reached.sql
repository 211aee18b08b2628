{#- What "reached a stage" (达到某阶段) means, in one place (docs/decisions/0065): a counted move to the stage or to a later one shows it,
    on the day of the first such move; a project in production has started. 终止 is no stage that anything reaches. No model compares
    the ranks of stages on its own (tests/contract/test_meanings.py). -#}

{#- The rank of a stage in the office's rules. -#}
{% macro stage_rank(stage) -%}
    (select min(stage_order) from {{ source('office', 'stage_rules') }} where stage = '{{ stage }}')
{%- endmacro %}

{#- Whether a rank is that of a stage or of a later one; `ranks` names a column of ranks instead of a stage. -#}
{% macro reached(stage, order='stage_order', rank=none) -%}
    ({{ order }} >= {{ rank if rank is not none else stage_rank(stage) }} and {{ order }} < {{ stage_rank('终止') }})
{%- endmacro %}

{#- Whether a move is to this very stage (它自己的变动): for what is told of moves, never for what was reached. -#}
{% macro is_move_to(stage) -%}
    stage = '{{ stage }}'
{%- endmacro %}

{#- CTEs up to `courses`: how far each lead came and where it is, by counted moves of a relation (lead_id, stage, stage_order, moved_date);
    with `day`, a column of the relation, once for each day.

    A lead that goes back is where it went back to: 线索 and 在谈 begin a new course (once more the same does not), and so does
    whatever follows 终止. Within a
    course papers add up: a licence (注册) that is older than the contract does not lose its rank by the signing. What was ever reached
    stays reached (`signed_date`, `furthest_order`). On one day the later stage is the later move. -#}
{% macro lead_courses(moves, day=none) -%}
{%- set keys = (day ~ ', ' if day else '') ~ 'lead_id' -%}
moves_in_order as (

    select
        *,
        stage != '终止' and (
            coalesce(lag(stage) over in_order = '终止', true)
            or (not {{ reached('签约') }} and stage != lag(stage) over in_order)
        ) as begins_course
    from {{ moves }}
    window in_order as (partition by {{ keys }} order by moved_date, stage_order)

),

numbered_moves as (

    select
        *,
        count(*) filter (where begins_course) over (
            partition by {{ keys }} order by moved_date, stage_order rows between unbounded preceding and current row
        ) as course_no
    from moves_in_order

),

last_courses as (

    select
        *,
        max(case when stage != '终止' then stage_order end) over (partition by {{ keys }}, course_no) as top_order
    from numbered_moves
    qualify course_no = max(course_no) over (partition by {{ keys }})

),

places as (

    select
        {{ keys }},
        min(stage) filter (where stage_order = top_order) as stage,
        max(top_order) as stage_order,
        min(moved_date) filter (where stage_order = top_order) as stage_date,
        min(moved_date) filter (where stage = '终止') as ended_date
    from last_courses
    group by {{ keys }}

),

reached_days as (

    select
        {{ keys }},
        coalesce(max(stage_order) filter (where stage != '终止'), 1) as furthest_order,
        {%- for column, stage in [
            ('talk_date', '在谈'), ('signed_date', '签约'), ('started_date', '开工'), ('completed_date', '竣工'),
            ('in_operation_date', '投产'), ('full_effect_date', '达效')
        ] %}
        min(moved_date) filter (where {{ reached(stage) }}) as {{ column }},
        {%- endfor %}
        max(moved_date) as last_counted_date
    from {{ moves }}
    group by {{ keys }}

),

courses as (

    select
        reached_days.*,
        coalesce(places.stage, '线索') as stage,
        coalesce(places.stage_order, 1) as stage_order,
        places.stage_date,
        places.ended_date,
        places.ended_date is not null as is_ended,
        places.ended_date is null and not {{ reached('开工', 'coalesce(places.stage_order, 1)') }} as is_open
    from reached_days
    inner join places using ({{ keys }})

)
{%- endmacro %}

{#- What a move is beside the one before it (变动): 再次 only where it is to the same stage, 重启 where it follows 终止. -#}
{% macro move_kind() -%}
case
        when stage = '终止' and previous_stage = '终止' then '再次'
        when stage = '终止' then '终止'
        when previous_stage is null and stage_order <= 1 then '首次'
        when previous_stage = '终止' then '重启'
        when stage_order < previous_order then '回退'
        when stage_order = previous_order then '再次'
        when stage_order > coalesce(previous_order, 1) + 1 then '跳过' || cast(stage_order - coalesce(previous_order, 1) - 1 as varchar) || '个阶段'
        else '前进'
    end
{%- endmacro %}
