{#- Keys of the ledgers, as in intake/contracts/*.yaml (tests/dbt compares the two). -#}
{% macro ledger_keys() -%}
    {{ return({
        'units': ['unit_name'],
        'leads': ['lead_id'],
        'follow_ups': ['lead_id', 'follow_up_date', 'method', 'content'],
        'stage_moves': ['lead_id', 'stage', 'moved_date'],
        'targets': ['target_year', 'unit_name', 'indicator'],
        'admission_reviews': ['lead_id', 'park_name', 'review_step'],
        'agencies': ['agency_name', 'contract_no'],
        'assessment_marks': ['scheme_name', 'unit_name', 'rule_code', 'period_date'],
        'catalogue_items': ['catalogue_name', 'catalogue_edition', 'item_no'],
        'chain_needs': ['need_id'],
        'connections': ['introducer_name', 'target_name'],
        'district_targets': ['target_year', 'issued_by', 'indicator'],
        'enterprise_requests': ['request_id'],
        'enterprise_signals': ['enterprise_name', 'signal_kind', 'signal_date', 'signal_text'],
        'evidence_items': ['lead_id', 'evidence_no'],
        'exchange_rates': ['currency', 'rate_month_date', 'rate_source'],
        'external_lists': ['list_name', 'edition', 'enterprise_name'],
        'external_ranks': ['ranking_name', 'ranking_period', 'ranked_name'],
        'fund_investments': ['fund_name', 'project_name', 'as_of_date'],
        'funds': ['fund_name', 'as_of_date'],
        'headquarters_buildings': ['building_name', 'as_of_date'],
        'investment_progress': ['lead_id', 'period_date'],
        'lead_transfers': ['lead_id', 'transferred_date', 'to_unit_name'],
        'local_enterprises': ['uscc'],
        'meeting_items': ['item_id'],
        'merge_decisions': ['left_id', 'right_id', 'decided_date'],
        'officials_teams': ['lead_id', 'since_date'],
        'parcels_plants': ['site_id'],
        'parks': ['park_name', 'as_of_date'],
        'policies': ['policy_id'],
        'procedure_rules': ['project_kind', 'procedure_step', 'valid_from_date'],
        'procedures': ['lead_id', 'procedure_step'],
        'project_commitments': ['lead_id', 'agreed_contract_no'],
        'promise_clauses': ['agreement_no', 'clause_no'],
        'publicity_releases': ['release_id'],
        'question_answers': ['question_kind', 'subject_key'],
        'recruiters': ['recruiter_no', 'unit_name'],
        'scoring_rules': ['scheme_name', 'rule_code', 'valid_from_date'],
        'screen_overrides': ['lead_id', 'catalogue_name', 'item_no', 'decided_date'],
        'supply_links': ['supplier_name', 'customer_name', 'product_text'],
        'target_changes': ['target_year', 'unit_name', 'indicator', 'effective_date'],
        'tax_paid': ['uscc', 'tax_year'],
        'trips_events': ['event_id'],
    }) }}
{%- endmacro %}

{#- Titles of the ledgers (台账名称), as in intake/contracts/*.yaml. -#}
{% macro ledger_titles() -%}
    {{ return({
        'units': '单位名录',
        'leads': '线索台账',
        'follow_ups': '跟进记录',
        'stage_moves': '项目进展',
        'targets': '年度任务',
        'admission_reviews': '准入评审',
        'agencies': '委托招商机构',
        'assessment_marks': '考核评分',
        'catalogue_items': '目录清单',
        'chain_needs': '产业链需求',
        'connections': '人脉资源',
        'district_targets': '上级下达任务',
        'enterprise_requests': '企业诉求',
        'enterprise_signals': '企业动向',
        'evidence_items': '佐证材料台账',
        'exchange_rates': '月度汇率',
        'external_lists': '外部榜单',
        'external_ranks': '外部排名',
        'fund_investments': '基金投资项目',
        'funds': '基金台账',
        'headquarters_buildings': '总部楼宇',
        'investment_progress': '到资与建设进度',
        'lead_transfers': '线索流转',
        'local_enterprises': '本地企业',
        'meeting_items': '调度事项',
        'merge_decisions': '归并决定',
        'officials_teams': '责任领导班子',
        'parcels_plants': '地块厂房',
        'parks': '园区名录',
        'policies': '政策库',
        'procedure_rules': '手续规程',
        'procedures': '手续办理',
        'project_commitments': '项目约定',
        'promise_clauses': '承诺条款台账',
        'publicity_releases': '宣传发布',
        'question_answers': '问题答复',
        'recruiters': '招商队伍',
        'scoring_rules': '考核计分规则',
        'screen_overrides': '筛查改判',
        'supply_links': '上下游供需',
        'target_changes': '任务调整',
        'tax_paid': '实缴税收',
        'trips_events': '外出招商与活动',
    }) }}
{%- endmacro %}

{#- Rank of a landed row among those of its key: 1 = of the newest period that a sheet reports on, then the last received
    (先看报告期，再看收到的先后). Intake refuses rows of one file that differ and of which none is newer; the place only breaks
    ties between rows that say the same. -#}
{% macro received_rank(ledger) -%}
    row_number() over (
        partition by {{ ledger_keys()[ledger] | join(', ') }}
        order by source_period_date desc nulls last, received_seq desc, source_row desc, source_sheet desc, source_file desc
    )
{%- endmacro %}

{#- A count of rows of a ledger, null where no row of it landed. -#}
{% macro count_told(count, ledger) -%}
    case when {{ is_kept(ledger) }} then coalesce({{ count }}, 0) end
{%- endmacro %}

{#- When the office knew a fact: not before it happened, not before it was recorded (填报). -#}
{% macro known_date(event_date, recorded_date) -%}
    greatest({{ event_date }}, coalesce({{ recorded_date }}, {{ event_date }}))
{%- endmacro %}

{#- Whether a landed row is an event of the desk (办公桌): intake lands those before everything received, as number 0. -#}
{% macro is_from_desk(received_seq) -%}
    {{ received_seq }} = 0
{%- endmacro %}

{#- Ledgers whose rows belong to a unit, and the fields that completeness may ask of them (台账完整率): what the contract requires
    (tests/dbt compares the two), then what completeness_fields.csv of the office may ask from a stage on. -#}
{% macro completeness_fields() -%}
    {{ return({
        'leads': ['lead_id', 'project_name', 'enterprise_name', 'unit_name', 'reported_date', 'lead_source',
            'investment_wan_cny', 'product_text', 'industry_code', 'fixed_investment_wan_cny', 'land_mu'],
        'follow_ups': ['lead_id', 'follow_up_date', 'method', 'content', 'result'],
        'stage_moves': ['lead_id', 'stage', 'moved_date', 'evidence_kind'],
        'targets': ['target_year', 'unit_name', 'indicator', 'target_value', 'measure'],
        'investment_progress': ['lead_id', 'period_date', 'month_paid_in_wan_cny', 'progress_pct'],
        'project_commitments': ['lead_id', 'agreed_contract_no', 'agreed_date', 'start_due_date', 'completion_due_date'],
    }) }}
{%- endmacro %}
