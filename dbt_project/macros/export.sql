{#- Write exports/ after a green run (published means tested): every model of this run whose meta names export_order_by,
    ordered, and the row counts of each stage. COPY writes a temporary file first, so a reader sees the old file or the
    new one. Nothing is written if anything failed or was skipped. -#}
{% macro export_green(results) %}
    {%- if execute and flags.WHICH in ['build', 'run'] -%}
        {%- set bad = results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list -%}
        {%- set home = env_var('ZEYOU_HOME') ~ '/exports' -%}
        {%- set models = results | map(attribute='node') | selectattr('resource_type', 'equalto', 'model') | list -%}
        {%- if bad -%}
            {{ log('没有导出：' ~ (bad | length) ~ ' 项失败或被跳过，如 ' ~ bad[0].node.name, info=true) }}
        {%- else -%}
            {%- for node in models if node.config.meta.get('export_order_by') -%}
                {%- do zeyou.copy_parquet(
                    'select * from ' ~ node.relation_name ~ ' order by ' ~ node.config.meta['export_order_by'],
                    home ~ '/' ~ node.schema, node.name
                ) -%}
            {%- endfor -%}
            {%- for stage in models | map(attribute='schema') | unique | sort -%}
                {%- set counts = [] -%}
                {#- A view over the register would be scanned again only to be counted: fct_row_accounting has that number. -#}
                {%- for node in models if node.schema == stage and node.config.materialized == 'table' -%}
                    {%- do counts.append(
                        "select '" ~ stage ~ "' as schema_name, '" ~ node.name ~ "' as model_name, count(*) as row_count from "
                        ~ node.relation_name
                    ) -%}
                {%- endfor -%}
                {%- if counts -%}
                    {%- do zeyou.copy_parquet(
                        'select * from (' ~ counts | join(' union all ') ~ ') order by model_name', home ~ '/row_counts', stage
                    ) -%}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{% macro copy_parquet(query, folder, name) %}
    {%- do zeyou.make_folder(folder) -%}
    {%- do run_query(
        "copy (" ~ query ~ ") to '" ~ (folder ~ '/' ~ name ~ '.parquet') | replace("'", "''")
        ~ "' (format parquet, compression zstd, use_tmp_file true)"
    ) -%}
{% endmacro %}

{#- Make exports/<stage>. A partitioned COPY of no rows makes its folder, one level at a time, and leaves files alone:
    the only way from SQL, and a macro can't reach the file system. -#}
{% macro make_folder(folder) %}
    {%- for path in [env_var('ZEYOU_HOME') ~ '/exports', folder] -%}
        {%- do run_query(
            "copy (select 1 as one, 'x' as part where false) to '" ~ path | replace("'", "''")
            ~ "' (format csv, partition_by (part), overwrite_or_ignore true)"
        ) -%}
    {%- endfor -%}
{% endmacro %}
