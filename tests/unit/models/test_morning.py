"""The morning page's table: counts and amounts by unit, who left and why, and a conclusion that names the only cause."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pandas as pd

from models.morning import MORNING_COLUMNS, Between, morning_news

NIGHT = dt.date(2026, 6, 29)
MODELS = [{"part": "landing", "version": "model-1", "level_shift": 0.1}, {"part": "tax", "version": "model-2"}]
LEADS = pd.DataFrame({"lead_id": ["L1", "L2"], "unit_name": ["甲镇", "乙街道"], "investment_wan_cny": [1000.0, None]})
QUIET = Between(
    NIGHT,
    dt.date(2026, 6, 30),
    {"stage_moves": "项目进展", "leads": "线索台账"},
    {},
    LEADS,
    MODELS,
    MODELS,
    "w",
    "w",
    False,
    [],
)


def changes(*causes: str, why: str = "x") -> pd.DataFrame:
    return pd.DataFrame({"cause": list(causes), "unit_name": "甲镇", "why_text": why})


def notes(between: Between, changed: pd.DataFrame) -> dict[str, Any]:
    found = morning_news(between, changed)
    assert list(found.columns) == MORNING_COLUMNS
    return {str(row["item"]): row["note"] for row in found.to_dict("records")}


def test_one_cause_alone_is_said_as_such() -> None:
    trained = dataclasses.replace(QUIET, models_now=[{**MODELS[0], "version": "model-9"}, MODELS[1]])
    told = notes(trained, changes("模型重新训练", "模型重新训练", "未变"))
    assert told["比上一份名单"].endswith("没有收到新资料，2条线索的变化全部由“模型重新训练”引起。")
    assert told["落地模型"] == "重新训练：model-1→model-9" and told["税收模型"].startswith("没有重新训练")
    assert "都没有变化" in notes(QUIET, changes("未变"))["比上一份名单"]


def test_level_weights_rules_and_program_are_said() -> None:
    now = [{**MODELS[0], "level_shift": 0.25}, MODELS[1]]
    moved = dataclasses.replace(
        QUIET, models_now=now, weights_now="v", is_other_program=True, office_files=["weights.yaml", "tax.yaml"]
    )
    told = notes(moved, changes("总体水平调整", "权重与打分规则调整"))
    assert told["总体水平"] == "+0.1000→+0.2500" and told["权重"] == "改过：w→v"
    assert told["其他设置"] == "改过：tax.yaml" and told["程序"] == "更新过"
    assert "总体水平调整1条" in told["比上一份名单"] and "权重与打分规则调整1条" in told["比上一份名单"]


def test_rows_stages_and_amounts_stand_by_unit() -> None:
    moves = pd.DataFrame(
        {
            "lead_id": ["L1", "L2", "L1"],
            "stage": ["签约", "签约", "注册"],
            "unit_name": "别名",
            "arrival": ["新增", "新增", "更正"],
        }
    )
    leads = pd.DataFrame(
        {"lead_id": ["L1"], "unit_name": ["甲镇"], "investment_wan_cny": [1000.0], "arrival": ["新增"]}
    )
    found = morning_news(dataclasses.replace(QUIET, came={"stage_moves": moves, "leads": leads}), changes("资料变动"))
    rows = [
        (r["section"], r["item"], r["unit_name"], r["row_count"], r["amount_wan_cny"])
        for r in found.astype(object).where(found.notna(), None).to_dict("records")
        if r["section"] in ("收到资料", "阶段变动")
    ]
    assert rows == [
        ("收到资料", "项目进展新增", "乙街道", 1, None),
        ("收到资料", "项目进展新增", "甲镇", 1, None),
        ("收到资料", "项目进展更正", "甲镇", 1, None),
        ("收到资料", "线索台账新增", "甲镇", 1, 1000.0),
        ("阶段变动", "签约", "乙街道", 1, None),
        ("阶段变动", "签约", "甲镇", 1, 1000.0),
    ]


def test_those_that_left_for_one_reason_are_one_row() -> None:
    left = changes("退出名单", "退出名单", why="退出名单：线索已终止（阶段 在谈→终止），此前第3名")
    found = morning_news(QUIET, left)
    assert found.loc[found["section"] == "名单进出", ["item", "row_count", "note"]].values.tolist() == [
        ["退出名单", 2, "线索已终止"]
    ]
