"""The default Word template of the dispatch pack (调度材料模板), on the same page as the bulletin's.

Belongs here: order of sections, columns and widths of tables. Does not belong here: page and styles (template.py), figures
(dispatch.py).
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final

from publishing.documents.template import add_picture, add_table, add_text, new_document, save_template

WORD_TABLES: Final = {
    "总体情况": ("指标", "全年任务", "任务依据", "完成", "完成率", "时序进度", "欠账"),
    "红灯项目": ("项目", "责任单位", "责任领导", "阶段", "投资（万元）", "依据"),
    "超期事项": ("编号", "会议日期", "事项", "责任单位", "时限", "情况"),
    "欠账单位": ("单位", "指标", "任务", "完成", "欠账", "每月需", "灯"),
    "结转事项": ("编号", "会议日期", "事项", "责任单位", "时限", "情况"),
    "本月新议事项": ("编号", "会议日期", "事项", "责任单位", "时限", "情况"),
    "卡点部门": ("部门", "手续", "卡住项目数", "最长（工作日）", "项目"),
    "签约预测": ("月份", "预计签约（个）", "区间（个）", "预计金额（万元）", "金额区间（万元）", "过去落在区间内"),
}
_WIDTHS: Final = {
    "总体情况": (34, 26, 22, 20, 18, 18, 18),
    "红灯项目": (36, 26, 17, 13, 20, 44),
    "超期事项": (24, 22, 38, 26, 22, 24),
    "欠账单位": (34, 30, 24, 24, 18, 16, 10),
    "结转事项": (24, 22, 38, 26, 22, 24),
    "本月新议事项": (24, 22, 38, 26, 22, 24),
    "卡点部门": (34, 24, 20, 24, 54),
    "签约预测": (20, 22, 24, 24, 32, 34),
}
_TITLES: Final = {
    "红灯项目": "红灯项目",
    "超期事项": "超期未办结事项",
    "欠账单位": "按时序欠账的单位",
    "结转事项": "上次会议以前议定、结转本次的事项",
    "本月新议事项": "本月议定的事项",
    "卡点部门": "手续卡点",
    "签约预测": "当月及以后各月签约预测",
}
_PICTURES: Final = {
    "总体情况": (
        ("funnel", "图1  阶段漏斗：至少到达该阶段的线索数"),
        ("trend", "图2  近12个月新签约、新开工项目数（个）"),
    ),
    "欠账单位": (
        ("arrears", "图3  按时序欠账最多的单位：条为全年任务完成率"),
        ("balance", "图4  镇街对照：单位中位数，各指标各用一把尺"),
    ),
    "签约预测": (("foretold", "图5  签约个数：各月1日的预测与实际"),),
}
_ORDINALS: Final = "一二三四五六七八九"


def write_dispatch_template(path: Path) -> None:
    """Write the template with docxtpl's marks, styles named, nothing but what Word can edit."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    document = new_document()
    text = partial(add_text, document)
    text("{{ title }}", "Title", indent=False)
    text("{%p if label %}", indent=False)
    text("{{ label }}", "Caption", indent=False)
    text("{%p endif %}", indent=False)
    text("{{ chair }}　　数据截至{{ day }}", "Caption", indent=False)
    for i, (name, columns) in enumerate(WORD_TABLES.items()):
        text(f"{_ORDINALS[i]}、{_TITLES.get(name, name)}", "Heading 1")
        if i == 0:
            text("{{ summary }}")
        text(f"{{%p if rows{i} %}}", indent=False)
        add_table(document, columns, f"rows{i}", _WIDTHS[name])
        text("{%p endif %}", indent=False)
        text(f"{{%p if rest{i} %}}", indent=False)
        text(f"{{{{ rest{i} }}}}")
        text("{%p endif %}", indent=False)
        for mark, caption in _PICTURES.get(name, ()):
            add_picture(document, mark, caption)
    text(f"{_ORDINALS[len(WORD_TABLES)]}、口径说明", "Heading 1")
    text("{%p for note in notes %}", indent=False)
    text("{{ loop.index }}．{{ note }}")
    text("{%p endfor %}", indent=False)
    text("{{ day }}", indent=False).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    save_template(document, path)
