"""Tables of the office's folder (规则表): one class a table, one row of the file a row of the class.

Belongs here: columns, types, keys and words of every CSV file. Does not belong here: reading and checking a folder
(reading.py), what a rule does (the SQL or the room that applies it).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_YES: Final = {"是": True, "否": False, "true": True, "false": False, "TRUE": True, "FALSE": False}


def _read_yes_no(value: object) -> object:
    return _YES.get(value, value) if isinstance(value, str) else value


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Whole = int
Day = dt.date
YesNo = Annotated[bool, BeforeValidator(_read_yes_no)]


class Row(BaseModel):
    """A row of a table. A cell left blank is None."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AdmissionPoints(Row):
    """Criterion of an admission review and the day from which its thresholds hold."""

    criterion: Text = Field(title="评审项")
    criterion_name: Text = Field(title="评审项名称")
    full_points: Number = Field(title="满分")
    least_points: Number = Field(title="单项最低分")
    total_points_least: Number = Field(title="总分最低分")
    valid_from: Day = Field(title="生效日期")
    basis: Text = Field(title="依据，未核实的写明")


class BoardLimits(Row):
    """Limit of the boards and day from which it holds."""

    rule_code: Text = Field(title="规则编号")
    rule_name: Text = Field(title="规则名称")
    limit_value: Number = Field(title="阈值")
    measure: Text = Field(title="计量单位")
    valid_from: Day = Field(title="规则生效日期")
    source_text: Text = Field(title="来源")


class BusinessRules(Row):
    """Rule of the office and the day from which it holds."""

    rule: Text = Field(title="规则代码")
    number_value: Number | None = Field(title="规则的数")
    text_value: Text | None = Field(title="规则的文字")
    valid_from: Day = Field(title="生效日期")
    basis: Text = Field(title="依据，未核实的写明")


class CatalogueEditions(Row):
    """Edition of a catalogue that screens know, with its term and whether a judgement needs it."""

    catalogue_name: Text = Field(title="目录")
    catalogue_edition: Text = Field(title="版本")
    valid_from: Day = Field(title="施行日期")
    valid_to: Day | None = Field(title="失效日期")
    document_no: Text | None = Field(title="文号")
    is_required: YesNo = Field(title="是否必查")
    applies_to: Text = Field(title="适用对象")
    is_verified: YesNo = Field(title="已核实")


class ChainRules(Row):
    """Threshold of chains, screens and clusters, and the day from which it holds."""

    rule: Text = Field(title="规则")
    value: Number = Field(title="数值")
    measure: Text = Field(title="单位")
    rule_text: Text = Field(title="说明")
    valid_from: Day = Field(title="生效日期")
    is_verified: YesNo = Field(title="已核实")


class Cities(Row):
    """Prefecture-level city with its coordinates."""

    city_name: Text = Field(title="城市")
    province_name: Text = Field(title="省份")
    region_name: Text | None = Field(title="地区")
    longitude: Number = Field(title="经度")
    latitude: Number = Field(title="纬度")


class CompletenessFields(Row):
    """Ledger and field that is asked for, from which stage on, from which day."""

    ledger: Text = Field(title="台账代号")
    field_name: Text = Field(title="字段名")
    field_title: Text = Field(title="字段")
    from_stage: Text | None = Field(title="从哪个阶段起应填；空为一直应填")
    valid_from: Day = Field(title="规则生效日期")
    source_text: Text = Field(title="来源")


class DispatchRules(Row):
    """Setting of dispatch and follow-through, from which day."""

    rule_key: Text = Field(title="设置项")
    rule_value: Text = Field(title="设置值")
    valid_from: Day = Field(title="规则生效日期")
    source: Text = Field(title="依据；未核实的由主管部门确认")


class GradePoints(Row):
    """Figure and step with its points."""

    axis: Text = Field(title="评分项")
    input_code: Text = Field(title="评分依据代码")
    input_name: Text = Field(title="评分依据")
    measure: Text = Field(title="计量单位")
    at_least: Number = Field(title="该档最低值")
    points: Number = Field(title="得分")
    valid_from: Day = Field(title="规则生效日期")
    source_text: Text = Field(title="来源")


class Indicators(Row):
    """Indicator of a task: its measure, and how done is counted."""

    indicator: Text = Field(title="任务指标")
    indicator_order: Whole = Field(title="指标排列顺序")
    measure: Literal["个", "次", "万元", "亿元", "万美元"] = Field(title="计量单位")
    is_task: YesNo = Field(title="是否任务指标；否的只用于考核")
    written_measures: Text = Field(title="可用的计量单位，用顿号分隔")
    counted_by: Literal[
        "报备", "阶段个数", "阶段金额", "到位资金", "固定资产投资", "实际使用外资", "储备", "外出招商", "超时限未开工"
    ] = Field(title="按什么计数")
    stage: Text | None = Field(title="项目阶段；特征和汇总中指有佐证的最远阶段")
    until_stage: Text | None = Field(title="到达该阶段后不再计入存量")
    min_investment_wan_cny: Number | None = Field(title="计入的总投资下限（万元），未定为空")
    is_stock: YesNo = Field(title="是否存量指标（计截至日的存量，不计当年发生）")
    evidence_kinds: Text | None = Field(title="可接受的佐证类型，用顿号分隔；无须佐证为空")
    leaves_out_expansions: YesNo = Field(title="增资扩产是否不计入（与新引进分开计）")
    also_written: Text | None = Field(None, title="任务台账中的其他写法，用顿号分隔")
    applies_to: Text | None = Field(None, title="计入哪些类型的单位（牵头部门也可），用顿号分隔；都计为空")
    source: Text = Field(title="依据；未核实的由主管部门确认")


class PlausibilityLimits(Row):
    """Limit beyond which an amount is asked about before it counts, and the day from which it holds."""

    rule_code: Text = Field(title="规则编号")
    rule_name: Text = Field(title="规则名称")
    limit_value: Annotated[Number, Field(gt=0)] = Field(title="界限")
    measure: Text = Field(title="计量单位")
    valid_from: Day = Field(title="规则生效日期")
    source_text: Text = Field(title="来源")


class PolicySubjects(Row):
    """Thing that a condition of a measure can speak of."""

    subject: Text = Field(title="条件事项")
    words: Text = Field(title="事项用词")
    fact: Text = Field(title="对应的线索字段")
    measure: Text | None = Field(title="计量单位")


class ScoringMeasures(Row):
    """Further word of the table of scoring: what it is measured by."""

    measure_key: Text = Field(title="计分规则中可用的取数指标")
    taken_from: Literal["考核评分", "任务事实"] = Field(title="数从哪里取")
    measure_text: Text | None = Field(title="取数写法")
    valid_from: Day = Field(title="规则生效日期")
    source: Text = Field(title="依据；未核实的由主管部门确认")


class ScreenRules(Row):
    """Catalogue and kind of item: what a match of its words says, and what a match of the code alone says."""

    catalogue_name: Text = Field(title="目录")
    item_kind: Text = Field(title="条目类别")
    applies_to: Text = Field(title="适用对象")
    text_result: Text = Field(title="文字相符的结论")
    code_result: Literal["疑似", "标签"] | None = Field(title="仅代码相符的结论")


class SignalKinds(Row):
    """Kind of signal: what it speaks of, how strongly (6 is confirmed), and after how many days half of that is gone."""

    signal_kind: Text = Field(title="动向类型")
    meaning: Literal["扩张", "风险", "外迁", "其他"] = Field(title="含义")
    grade: Whole = Field(default=3, ge=1, le=6, title="强度（1至6级，6为已确认）")
    half_life_days: Whole = Field(default=180, gt=0, title="半衰期（天）")
    basis: Text | None = Field(default=None, title="依据，未核实的写明")
    valid_from: Day = Field(title="生效日期")


class SizeLadder(Row):
    """Step of size."""

    size_step: Text = Field(title="规模档次")
    step_order: Whole = Field(title="办理顺序")
    at_least_wan_cny: Number = Field(title="至少到达的计划总投资，或该档最低金额（万元）")
    below_wan_cny: Number | None = Field(title="该档上限（万元），不含")


class SourceSides(Row):
    """Source of leads and the day from which it counts to a side."""

    lead_source: Text = Field(title="线索来源")
    side: Literal["政府主导", "市场主导"] = Field(title="主导方")
    valid_from: Day = Field(title="生效日期")
    basis: Text = Field(title="依据，未核实的写明")


class StageLimits(Row):
    """Stage with the days that a lead may stand in it."""

    stage: Text = Field(title="项目阶段；特征和汇总中指有佐证的最远阶段")
    limit_days: Number = Field(title="期限（天）")
    is_contact: YesNo = Field(title="是否谋划接触阶段")
    valid_from: Day = Field(title="规则生效日期")
    source_text: Text = Field(title="来源")


class StageRules(Row):
    """Stage and rule: what evidence it needs to count, from which day."""

    stage: Text = Field(title="项目阶段；特征和汇总中指有佐证的最远阶段")
    stage_order: Whole = Field(title="阶段次序；终止排最后")
    evidence_kinds: Text | None = Field(title="可接受的佐证类型，用顿号分隔；无须佐证为空")
    valid_from: Day = Field(title="规则生效日期")


class TrafficLights(Row):
    """Figure with a light: from where it is yellow and red, from which day."""

    light_key: Text = Field(title="有灯的数值")
    light_text: Text = Field(title="数值说明")
    yellow_from: Number = Field(title="黄灯界限")
    red_from: Number = Field(title="红灯界限")
    valid_from: Day = Field(title="规则生效日期")
    source: Text = Field(title="依据；未核实的由主管部门确认")


class UnitRules(Row):
    """Rule of what every unit of a kind must have, from which day."""

    rule_code: Text = Field(title="规则编号")
    rule_text: Text = Field(title="规则内容")
    applies_to: Text = Field(title="适用的单位类型，用顿号分隔")
    counted_by: Text = Field(title="按什么计数")
    min_count: Whole | None = Field(title="个数下限，未下达为空")
    min_investment_wan_cny: Number | None = Field(title="计入的总投资下限（万元），未定为空")
    valid_from: Day = Field(title="规则生效日期")
    valid_to: Day | None = Field(title="规则失效日期，仍有效为空")
    source: Text = Field(title="依据；未核实的由主管部门确认")


class WorkingDayExceptions(Row):
    """Day that is not what its weekday says (holiday or 调休)."""

    exception_date: Day = Field(title="与星期不符的日子")
    is_working_day: YesNo = Field(title="是否工作日")
    holiday_name: Text = Field(title="所属节假日")


class LawWords(Row):
    """Pattern of a class of words that rules of the law are made of."""

    word_class: Text = Field(title="词类", alias="class")
    pattern: Text = Field(title="写法")
    note: Text | None = Field(title="说明")


class LawRules(Row):
    """Rule of the law scanner: classes of words that must meet in a sentence."""

    rule_id: Text = Field(title="编号")
    rule_name: Text = Field(title="红线")
    kind: Text = Field(title="类别")
    needs: Text = Field(title="须同时出现的词类")
    unless: Text | None = Field(title="出现则不算的词类")
    weaker_if: Text | None = Field(title="出现则减轻的词类")
    verdict: Literal["停止", "需审查", "提示"] = Field(title="处理")
    article: Text = Field(title="条款")
    article_text: Text = Field(title="条款内容")
    valid_from: Day = Field(title="施行日期")
    is_verified: YesNo = Field(title="已核实")
    source: Text = Field(title="来源")
    example: Text = Field(title="违规例句")
    counter_example: Text = Field(title="合规例句")


class LawNationalMeasures(Row):
    """National measure that passes by its name, with its document."""

    measure: Text = Field(title="国家政策")
    pattern: Text = Field(title="写法")
    document: Text = Field(title="文件")
    valid_from: Day = Field(title="施行日期")
    is_verified: YesNo = Field(title="已核实")
    source: Text = Field(title="来源")


class LawGrantingLevels(Row):
    """Whether a level of government may grant a kind of measure."""

    measure_kind: Text = Field(title="政策类别")
    level: Text = Field(title="层级")
    may_grant: YesNo = Field(title="可否给予")
    valid_from: Day = Field(title="施行日期")
    is_verified: YesNo = Field(title="已核实")
    source: Text = Field(title="来源")


class LawDocuments(Row):
    """Document that a measure may name as its basis, or be, with the days on which it is in force."""

    document_no: Text = Field(title="文号")
    title: Text = Field(title="文件名称")
    level: Literal["国家", "省"] = Field(title="层级")
    valid_from: Day = Field(title="施行日期")
    valid_to: Day | None = Field(title="失效日期，仍有效为空")
    is_verified: YesNo = Field(title="已核实")
    source: Text = Field(title="来源")


class LawCalendar(Row):
    """Rule of these years with its days, and a slot for what is not out yet: the day is left blank until the office knows it."""

    rule: Text = Field(title="规定")
    document_no: Text | None = Field(title="文号，未公布为空")
    valid_from: Day | None = Field(title="施行日期，未施行为空")
    valid_to: Day | None = Field(title="失效日期，仍有效为空")
    requires: Text = Field(title="平台据此做什么")
    text_file: Text | None = Field(title="存档的正文文件名，未存为空")
    is_verified: YesNo = Field(title="已核实")
    source: Text = Field(title="来源")


class LawSpoken(Row):
    """How people speak, and the plain words of the same length."""

    spoken: Text = Field(title="口头写法")
    plain: Text = Field(title="规范写法")
    note: Text | None = Field(title="说明")


class Zones(Row):
    """Spelling of a functional zone in the name of a firm."""

    written: Text = Field(title="写法")
    zone: Text = Field(title="功能区")
    takes_own_name: Literal["是", "否", "专名"] = Field(title="是否带专名")
    city: Text | None = Field(title="城市")
    valid_from: Day = Field(title="生效日期")
    source: Text = Field(title="来源")


class Placeholders(Row):
    """Word for a firm that is not known yet."""

    word: Text = Field(title="写法")
    kind: Text = Field(title="类别")
    valid_from: Day = Field(title="生效日期")
    source: Text = Field(title="来源")


class ExchangeRates(Row):
    """Yuan for one unit of a currency, from a day on."""

    currency: Annotated[Text, Field(pattern="^[A-Z]{3}$")] = Field(title="币种")
    valid_from: Day = Field(title="生效日期")
    cny_per_unit: Annotated[Number, Field(gt=0)] = Field(title="折合人民币元")
    source: Text = Field(title="来源")


class Layouts(Row):
    """Column of a layout that a person confirmed: which column of a ledger it is."""

    fingerprint: Annotated[Text, Field(pattern="^[0-9a-f]{12}$")] = Field(title="版式编号")
    place: Annotated[Whole, Field(ge=1)] = Field(title="第几列，空列不算")
    header: Text = Field(title="表头原文")
    ledger: Text = Field(title="台账代号")
    field: Text | None = Field(title="读作哪一列；空为不读")
    unit: Text | None = Field(title="计量单位；空为不需要或写在单元格里")
    stated_unit: Text | None = Field(title="确认时表上写的单位")
    confirmed_by: Text = Field(title="确认人")
    confirmed_on: Day = Field(title="确认日期")


@dataclass(frozen=True)
class Table:
    """One CSV file: what it is for, its rows, its key. `closed` names the columns whose words the program knows: the office
    may change what stands beside them, not add or drop one.
    """

    name: str
    title: str
    about: str
    row: type[Row]
    key: tuple[str, ...]
    closed: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Return the name of the file in the folder."""
        return f"{self.name}.csv"

    @property
    def columns(self) -> dict[str, str]:
        """Return the Chinese title of every column, by its name in the file."""
        return {field.alias or name: field.title or name for name, field in self.row.model_fields.items()}

    @property
    def later_columns(self) -> frozenset[str]:
        """Return the columns that an older file may lack: they have a default."""
        fields = self.row.model_fields.items()
        return frozenset(field.alias or name for name, field in fields if not field.is_required())

    @property
    def schema(self) -> pa.Schema:
        """Return the Arrow schema that the table is landed with."""
        return pa.schema(
            [(field.alias or name, _arrow_type(field.annotation)) for name, field in self.row.model_fields.items()]
        )


def _arrow_type(annotation: Any) -> pa.DataType:
    kinds: dict[Any, pa.DataType] = {bool: pa.bool_(), float: pa.float64(), int: pa.int64(), dt.date: pa.date32()}
    if annotation in kinds:
        return kinds[annotation]
    parts = [part for part in get_args(annotation) if part is not type(None)]
    return _arrow_type(parts[0]) if parts and get_origin(annotation) is not Literal else pa.string()


TABLES: Final = {
    table.name: table
    for table in (
        Table(
            "admission_points",
            "准入评审计分",
            "准入评审计分，每项每次修订一行",
            AdmissionPoints,
            ("criterion", "valid_from"),
            ("criterion",),
        ),
        Table(
            "board_limits",
            "看板阈值",
            "看板阈值，每项每次修订一行",
            BoardLimits,
            ("rule_code", "valid_from"),
            ("rule_code",),
        ),
        Table(
            "business_rules",
            "办公室规则",
            "办公室规则，每条规则每次修订一行；没有公布依据的写明未核实",
            BusinessRules,
            ("rule", "valid_from"),
            ("rule",),
        ),
        Table(
            "catalogue_editions",
            "筛查目录版本",
            "筛查所认的目录版本，每个版本一行：施行与失效日期、是否必查、对谁适用；未核实的写明",
            CatalogueEditions,
            ("catalogue_name", "catalogue_edition"),
        ),
        Table(
            "chain_rules",
            "产业链门槛",
            "产业链、筛查、集群指数的门槛值，每个门槛每次修订一行；未核实的写明",
            ChainRules,
            ("rule", "valid_from"),
            ("rule",),
        ),
        Table("cities", "城市", "地级市及经纬度，每市一行（坐标基准不明，只用于估算距离）", Cities, ("city_name",)),
        Table(
            "completeness_fields",
            "台账应填字段",
            "台账完整率：每个台账应填的字段，从哪个阶段起，每次修订一行",
            CompletenessFields,
            ("ledger", "field_name", "valid_from"),
        ),
        Table(
            "dispatch_rules",
            "调度设置",
            "调度与跟进的设置，每项每次修订一行",
            DispatchRules,
            ("rule_key", "valid_from"),
            ("rule_key",),
        ),
        Table(
            "grade_points",
            "四项评分",
            "四项评分档次，每档一行",
            GradePoints,
            ("axis", "input_code", "at_least", "valid_from"),
        ),
        Table(
            "indicators",
            "任务指标",
            "任务指标，每个指标一行；可自行增加：按什么计数、阶段、下限、计量单位、计入哪些单位",
            Indicators,
            ("indicator",),
        ),
        Table(
            "plausibility_limits",
            "数值合理性",
            "数值差多少倍先问再计：与上次、与同一行别的数、与同类、与单位合计、与合计行相比，每项每次修订一行",
            PlausibilityLimits,
            ("rule_code", "valid_from"),
            ("rule_code",),
        ),
        Table("policy_subjects", "政策条件事项", "政策条件中能逐条核对的事项，每项一行", PolicySubjects, ("subject",)),
        Table(
            "scoring_measures",
            "考核取数指标",
            "计分规则的取数指标，任务指标之外的每个一行",
            ScoringMeasures,
            ("measure_key",),
        ),
        Table(
            "screen_rules",
            "筛查规则",
            "筛查规则，每种目录每类条目一行：条目文字相符、仅代码相符各得什么结论；“*”为其余目录；仅代码相符从不为禁止",
            ScreenRules,
            ("catalogue_name", "item_kind"),
        ),
        Table(
            "signal_kinds",
            "企业动向类型",
            "企业动向类型的含义（扩张、风险、外迁、其他），每类一行",
            SignalKinds,
            ("signal_kind",),
        ),
        Table("size_ladder", "规模档次", "规模档次，每档一行", SizeLadder, ("size_step",)),
        Table(
            "source_sides",
            "线索来源归类",
            "线索来源归为政府主导或市场主导，每个来源每次修订一行",
            SourceSides,
            ("lead_source", "valid_from"),
        ),
        Table("stage_limits", "阶段期限", "阶段停滞期限，每个阶段每次修订一行", StageLimits, ("stage", "valid_from")),
        Table(
            "stage_rules", "阶段规则", "阶段规则，每个阶段每次修订一行", StageRules, ("stage", "valid_from"), ("stage",)
        ),
        Table(
            "traffic_lights",
            "红黄绿灯",
            "红黄绿灯规则，每项每次修订一行",
            TrafficLights,
            ("light_key", "valid_from"),
            ("light_key",),
        ),
        Table(
            "unit_rules",
            "单位达标规则",
            "单位达标规则，每条规则每次修订一行；未填的标准读作未下达",
            UnitRules,
            ("rule_code", "valid_from"),
        ),
        Table(
            "working_day_exceptions",
            "节假日与调休",
            "法定节假日与调休，每个与星期不符的日子一行",
            WorkingDayExceptions,
            ("exception_date",),
        ),
        Table("law_words", "红线词类", "承诺审查的词类，每种写法一行", LawWords, ("class", "pattern")),
        Table("law_rules", "红线规则", "承诺审查的红线，每条一行：哪些词类同句出现算碰线", LawRules, ("rule_id",)),
        Table(
            "law_national_measures",
            "国家政策",
            "国家政策，每项一行：写明名称即不算本地承诺",
            LawNationalMeasures,
            ("measure", "pattern"),
        ),
        Table(
            "law_granting_levels", "给予层级", "哪一级可以给予哪类政策", LawGrantingLevels, ("measure_kind", "level")
        ),
        Table(
            "law_documents",
            "依据文件",
            "政策可以依据的法律、行政法规和国家、省文件，每份一行；未核实的不能作为依据，请法制人员核对",
            LawDocuments,
            ("document_no", "title"),
        ),
        Table(
            "law_calendar",
            "规定施行日历",
            "近年与招商有关的规定，每项一行：施行日期、平台据此做什么；未公布的留空待填，未核实的请法制人员核对",
            LawCalendar,
            ("rule",),
        ),
        Table("law_spoken", "口头写法", "口头写法与规范写法对照，字数相同", LawSpoken, ("spoken",)),
        Table("zones", "功能区", "企业名称中的功能区写法", Zones, ("written", "city")),
        Table("placeholders", "占位企业名", "不是企业名称的占位写法（待定、保密等）", Placeholders, ("word",)),
        Table(
            "layouts",
            "台账版式",
            "人工确认过的台账版式，每列一行：以后同样表头的来件照此读取；由 zeyou read 文件 --learn 或办公桌“台账版式”页写入",
            Layouts,
            ("fingerprint", "place"),
        ),
        Table("exchange_rates", "汇率", "汇率，每个币种每次修订一行", ExchangeRates, ("currency", "valid_from")),
    )
}
