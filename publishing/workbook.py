"""The ranked list as a workbook for Excel and WPS (择优清单.xlsx).

Belongs here: sheets, columns, widths, formats and wording of the list. Does not belong here: ranks and reasons themselves
(models.ranking), which targets, parks and offers stand beside it (opportunities.py), what is published (snapshot.py).

Every cell is written as a string or a number by its column's kind: a name that begins with = stays a name, a credit code
stays text.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import pandas as pd
import xlsxwriter

from models.ranking import KIND_NAMES, RankingWeights, top_reasons
from publishing.figures import Reckoned
from publishing.opportunities import LEGEND, SURFACE, Extract, Opportunities

FONT: Final = "Microsoft YaHei"
SYNTHETIC_LABEL: Final = "（合成数据，仅供演示）"
NOT_RANKED: Final = "不参加排序"
WIDEST: Final = 60
WIDEST_BESIDE: Final = 36  # a dozen columns and more, some of them sentences, must fit a printed page
_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")

RECKONED: Final = (Reckoned(SURFACE, "说明", "线索条数、参加排序条数", "数的是名单自己的行"),)
GAP_MAP: Final = "强补延链图"
TALLEST: Final = 409  # points: no row can be higher
POINTS_A_PIXEL: Final = 0.75

Kind = Literal["text", "number", "share", "money", "score", "wrapped", "date", "pct", "figure"]
# How the kinds of a board's columns (publishing/boards.py) stand in a sheet.
KIND_OF_BOARD: Final[dict[str, Kind]] = {
    "text": "wrapped", "count": "number", "money": "money", "pct": "pct", "date": "date", "score": "score", "number": "figure",
}  # fmt: skip


@dataclass(frozen=True)
class _Column:
    title: str
    kind: Kind
    value: Callable[[Mapping[str, Any]], Any]


def _columns(weights: RankingWeights) -> list[_Column]:
    def field(name: str) -> Callable[[Mapping[str, Any]], Any]:
        return lambda row: row[name]

    def reasons(part: str) -> Callable[[Mapping[str, Any]], str]:
        return lambda row: reasons_in_words(row["reasons"], part, weights)

    return [
        _Column("名次", "number", field("rank")),
        _Column("档", "text", field("band")),
        _Column("总分", "score", field("score")),
        _Column("项目名称", "text", field("project_name")),
        _Column("负责单位", "text", field("unit_name")),
        _Column("当前阶段", "text", field("stage")),
        _Column("一年内开工概率", "share", field("landing_probability")),
        _Column("预计年纳税（万元）", "money", field("tax_wan_cny")),
        _Column("产业链契合度", "score", field("chain_fit")),
        _Column("产业链环节", "text", field("chain_node")),
        _Column("落地理由（加减分）", "wrapped", reasons("landing")),
        _Column("税收理由（加减分）", "wrapped", reasons("tax")),
        _Column("契合理由（加减分）", "wrapped", reasons("fit")),
        _Column("投资主体", "text", field("enterprise_name")),
        _Column("统一社会信用代码", "text", field("uscc")),
        _Column("谁还在跟这家企业", "text", field("same_enterprise")),
        _Column("纳税区间下限（万元）", "money", field("tax_low_wan_cny")),
        _Column("纳税区间上限（万元）", "money", field("tax_high_wan_cny")),
        _Column("试探", "text", lambda row: "试探跟进" if row["is_exploration"] else None),
        _Column("不排序的原因", "text", field("excluded_reason")),
        _Column("线索编号", "text", field("lead_id")),
    ]


def first_leads(leads: pd.DataFrame, weights: RankingWeights, count: int = 10) -> pd.DataFrame:
    """Give the first leads of a list as the sheet shows them, as far as rank, the three numbers and the node go."""
    columns = _columns(weights)[:10]
    first: list[Any] = leads.head(count).to_dict("records")
    rows = [[column.value(row) for column in columns] for row in first]
    shown = pd.DataFrame(rows, columns=[column.title for column in columns], dtype=object)
    for column in columns:
        if column.kind in ("share", "money", "score"):
            form = "{:.1%}" if column.kind == "share" else "{:.1f}"
            shown[column.title] = shown[column.title].map(form.format, na_action="ignore")
    return shown


def reasons_in_words(reasons: Any, part: str, weights: RankingWeights) -> str:
    """Give the largest reasons of a part with their points, one a line, e.g. `近90天跟进次数 5次（+3.2）`."""
    chosen = [r for r in top_reasons(list(reasons), weights) if r["part"] == part]
    return "\n".join(f"{r['label']} {r['value'] or '暂无'}（{r['points']:+.1f}）" for r in chosen)


def write_ranked_workbook(
    path: Path,
    leads: pd.DataFrame,
    manifest: Mapping[str, Any],
    weights: RankingWeights | None = None,
    opportunities: Opportunities | None = None,
) -> None:
    """Write the instructions, all leads, those not ranked, what stands beside them, and one sheet a unit; the same list gives the same bytes."""
    weights = weights or RankingWeights.load()
    columns = _columns(weights)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        as_of = dt.date.fromisoformat(manifest["as_of_date"])
        book.set_properties({"title": "择优清单", "created": dt.datetime(as_of.year, as_of.month, as_of.day)})
        formats = _formats(book)
        label = SYNTHETIC_LABEL if manifest["is_synthetic"] else ""
        _write_instructions(book.add_worksheet("说明"), formats, leads, manifest, weights, opportunities)
        _write_leads(book.add_worksheet("全部线索"), formats, columns, leads, label)
        _write_leads(book.add_worksheet(NOT_RANKED), formats, columns, leads[leads["rank"].isna()], label)
        names = {"说明", "全部线索", NOT_RANKED, GAP_MAP}
        if opportunities is not None:
            _write_pictures(book.add_worksheet(GAP_MAP), formats, opportunities, label)
            for extract in opportunities.extracts:
                _write_extract(book.add_worksheet(_sheet_name(extract.name, names)), formats, extract, label)
        for unit, of_unit in leads.groupby("unit_name", sort=True):
            _write_leads(book.add_worksheet(_sheet_name(str(unit), names)), formats, columns, of_unit, label)


def _formats(book: xlsxwriter.Workbook) -> dict[str, Any]:
    base = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
    rule = {"bottom": 1, "bottom_color": "#D9D9D9"}
    return {
        "title": book.add_format({**base, "font_size": 16, "bold": True}),
        "plain": book.add_format({**base, "text_wrap": True, "valign": "top"}),
        "strong": book.add_format({**base, "bold": True, "valign": "top"}),
        "header": book.add_format(
            {**base, "bold": True, "bg_color": "#1F3864", "font_color": "#FFFFFF", "align": "center", "text_wrap": True}
        ),
        "text": book.add_format({**base, **rule, "num_format": "@"}),
        "wrapped": book.add_format({**base, **rule, "num_format": "@", "text_wrap": True, "font_size": 9}),
        "number": book.add_format({**base, **rule, "num_format": "0", "align": "center"}),
        "share": book.add_format({**base, **rule, "num_format": "0.0%", "align": "center"}),
        "money": book.add_format({**base, **rule, "num_format": "#,##0.0"}),
        "score": book.add_format({**base, **rule, "num_format": "0.0", "align": "center"}),
        "pct": book.add_format({**base, **rule, "num_format": '0.0"%"', "align": "center"}),
        "figure": book.add_format({**base, **rule, "num_format": "General", "align": "center"}),
        "date": book.add_format({**base, **rule, "num_format": "@", "align": "center"}),
    }


def _write_instructions(
    sheet: Any,
    formats: Mapping[str, Any],
    leads: pd.DataFrame,
    manifest: Mapping[str, Any],
    weights: RankingWeights,
    opportunities: Opportunities | None,
) -> None:
    ranked = int(leads["rank"].notna().sum())
    kinds = manifest["model_kinds"]
    rows = [
        ("截至日", f"{manifest['as_of_date']}（只用该日及以前已知的事实）"),
        (
            "线索",
            f"共 {len(leads):,} 条：参加排序 {ranked:,} 条，不参加 {len(leads) - ranked:,} 条（另列于“不参加排序”一表，写明原因，未删除）",
        ),
        (
            "总分",
            f"{weights.shares_text} 加权，0 至 100 分；权重由办公室在 weights.yaml 中修改",
        ),
        ("分档", "；".join(f"{b.name} 档 {b.lower:g}–{b.upper:g}" for b in weights.bands)),
        (
            "试探",
            f"从后一半中按编号抽出 {weights.exploration_share:.0%} 标“试探跟进”，名次不变：只跟高分的线索，就永远不知道低分的是否真的不行",
        ),
        ("一年内开工概率", f"口径：截至日后 365 天内凭佐证材料开工。来源：{KIND_NAMES[kinds['landing']]}"),
        (
            "预计年纳税",
            f"达产后一年的典型值及 80% 区间，不是承诺，也不作任何奖补依据。来源：{KIND_NAMES[kinds['tax']]}",
        ),
        ("产业链契合度", "行业代码、产品词、强补延链、重点环节、上游企业、下游企业、本地链主七项相加，满分 100"),
        ("理由", "括号内是该理由对总分的加减分；所有理由与基准相加，正好等于总分"),
        ("按规则", "标签不足或检验未通过时，用人工写定的规则分，不是从数据学来的概率"),
        (
            "版本",
            f"快照 {manifest['snapshot_id']}；模型 {'、'.join(manifest['models'].values())}；{manifest['weights']}",
        ),
    ]
    if opportunities is not None:
        names = "、".join([GAP_MAP, *(extract.name for extract in opportunities.extracts)])
        rows.insert(2, ("链条到企业", f"另有 {names} 各一表，第一行写明口径、列了多少、全部在哪里看"))
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, 1, 96)
    label = SYNTHETIC_LABEL if manifest["is_synthetic"] else ""
    sheet.write_string(0, 0, f"择优清单{label}", formats["title"])
    sheet.set_row(0, 28)
    for number, (name, text) in enumerate(rows, start=2):
        sheet.write_string(number, 0, name, formats["strong"])
        sheet.write_string(number, 1, text, formats["plain"])
        sheet.set_row(number, 16 * (1 + shown_width(text) // 96) + 4)


def _write_leads(
    sheet: Any, formats: Mapping[str, Any], columns: list[_Column], leads: pd.DataFrame, label: str
) -> None:
    sheet.freeze_panes(1, 4)
    named = [f"{c.title}{label}" if c.title == "项目名称" else c.title for c in columns]
    _write_table(sheet, formats, columns, named, leads.to_dict("records"))
    sheet.set_header(f"&L择优清单{label}&R&A")


def _write_extract(sheet: Any, formats: Mapping[str, Any], extract: Extract, label: str) -> None:
    """Write an extract below its note; header and the first two columns stay in sight."""
    columns = [_Column(c.title, KIND_OF_BOARD[c.kind], _value_of(c.name)) for c in extract.columns]
    sheet.freeze_panes(2, 2)
    _write_table(sheet, formats, columns, [c.title for c in columns], extract.rows, first=1, widest=WIDEST_BESIDE)
    note = f"{extract.name}{label}：{extract.note}"
    # Not merged over all columns: the note must be read where the frozen columns end.
    sheet.merge_range(0, 0, 0, min(7, len(columns) - 1), note, formats["plain"])
    sheet.set_row(0, 48)
    sheet.set_header(f"&L{extract.name}{label}&R&A")


def _value_of(name: str) -> Callable[[Mapping[str, Any]], Any]:
    def value(row: Mapping[str, Any]) -> Any:
        found = row.get(name)
        return ("是" if found else "否") if isinstance(found, bool) else found

    return value


def _write_pictures(sheet: Any, formats: Mapping[str, Any], opportunities: Opportunities, label: str) -> None:
    """Put the chains below each other, each on rows of its own, so that none hides another."""
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 110)
    sheet.write_string(0, 0, f"{GAP_MAP}{label}", formats["title"])
    sheet.set_row(0, 28)
    sheet.write_string(1, 0, LEGEND if opportunities.pictures else "没有读入产业链，所以没有图", formats["plain"])
    for at, picture in enumerate(opportunities.pictures):
        row = 2 + 2 * at
        sheet.write_string(row, 0, picture.told, formats["strong"])
        height = int.from_bytes(picture.png[20:24], "big")  # in pixels, from the first chunk of a PNG
        sheet.set_row(row + 1, min(TALLEST, height * POINTS_A_PIXEL + 6))
        options = {"image_data": io.BytesIO(picture.png), "description": picture.told, "object_position": 3}
        sheet.insert_image(row + 1, 0, f"{picture.name}.png", options)
    sheet.freeze_panes(2, 0)
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.fit_to_pages(1, 0)
    sheet.set_header(f"&L{GAP_MAP}{label}&R&A")
    sheet.set_footer("&R第 &P 页，共 &N 页")


def _write_table(
    sheet: Any,
    formats: Mapping[str, Any],
    columns: Sequence[_Column],
    titles: Sequence[str],
    rows: Iterable[Mapping[Any, Any]],
    first: int = 0,
    widest: int = WIDEST,
) -> None:
    """Write header and rows from row `first` on, each column as wide as its longest line, at most `widest` half-width characters."""
    sheet.set_row(first, 32)
    widths = [max(6.0, shown_width(column.title) / 2 + 5) for column in columns]
    for at, title in enumerate(titles):
        sheet.write_string(first, at, title, formats["header"])
    number = first
    for number, row in enumerate(rows, start=first + 1):
        lines = 1
        for at, column in enumerate(columns):
            value = column.value(row)
            width = _write_cell(sheet, number, at, value, column.kind, formats[column.kind])
            widths[at] = max(widths[at], min(width + 2, widest))
            if column.kind == "wrapped":
                lines = max(lines, sum(1 + shown_width(line) // widest for line in str(value).split("\n")))
        sheet.set_row(number, min(TALLEST, 13 * lines + 5))
    for at, width in enumerate(widths):
        sheet.set_column(at, at, width)
    sheet.autofilter(first, 0, max(number, first + 1), len(columns) - 1)
    sheet.set_landscape()
    sheet.set_paper(8)  # A3
    sheet.set_margins(0.4, 0.4, 0.5, 0.5)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(first)
    sheet.set_footer("&R第 &P 页，共 &N 页")


def _write_cell(sheet: Any, row: int, column: int, value: Any, kind: Kind, form: Any) -> float:
    """Write a value by its column's kind and give its width on the screen."""
    if value is None or (not isinstance(value, str) and pd.isna(value)):
        sheet.write_blank(row, column, None, form)
        return 0
    if kind in ("text", "wrapped", "date"):
        text = _printable(str(value))
        sheet.write_string(row, column, text, form)
        return max((shown_width(line) for line in text.split("\n")), default=0)
    sheet.write_number(row, column, round(float(value), 1) if kind == "figure" else float(value), form)
    return 8


def shown_width(text: str) -> int:
    """Give the width of a text in half-width characters: a Chinese one takes two.

    Examples
    --------
    >>> shown_width("择优 A")
    6
    """
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _printable(text: str) -> str:
    return "".join(c for c in text if c.isprintable() or c == "\n")[:32_000]


def _sheet_name(unit: str, taken: set[str]) -> str:
    stem = _FORBIDDEN.sub("·", unit).strip("'")[:28] or "未命名"
    name, number = stem, 2
    while name.casefold() in {t.casefold() for t in taken} or name.casefold() == "history":
        name, number = f"{stem}{number}", number + 1
    taken.add(name)
    return name
