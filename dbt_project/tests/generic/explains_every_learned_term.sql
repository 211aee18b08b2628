{#- Every lead has every term of the learned tables: a table that asks for a feature which the warehouse doesn't have
    would otherwise drop out of the score without a word. -#}
{% test explains_every_learned_term(model) %}
with learned as (

    select
        part,
        count(distinct term) as term_count
    from {{ source('learning', 'model_tables') }}
    where kind != 'intercept'
    group by part

),

explained as (

    select
        lead_id,
        part,
        count(*) as term_count
    from {{ model }}
    where part != 'fit'
    group by lead_id, part

)

select
    leads.lead_id,
    learned.part,
    learned.term_count as learned_count,
    explained.term_count as explained_count
from (select distinct lead_id from {{ model }}) as leads
cross join learned
left join explained on leads.lead_id = explained.lead_id and learned.part = explained.part
where explained.term_count is distinct from learned.term_count
{% endtest %}
