"""The data dictionary of the documentation site (数据字典): ledgers, boards and the office's tables, a page each.

Belongs here: pages written from contracts, catalogue and the office's tables. Does not belong here: what a column means
(those three places), the documentation of SQL models (dbt docs), building the site (docs/conf.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from intake.contract import Contract, load_contracts
from office.tables import TABLES, Table
from publishing.boards import Board, all_boards, boards_of, questions

KINDS_OF_CELLS: Final = {
    "text": "文字", "uscc": "统一社会信用代码", "industry": "行业代码", "date": "日期", "amount": "金额（万元）", "area": "面积（亩）",
    "intensity": "强度（万元/亩）", "number": "数", "year": "年份", "choice": "选项", "boolean": "是否",
}  # fmt: skip
KINDS_OF_FIGURES: Final = {
    "text": "文字", "count": "个数", "money": "金额（万元）", "pct": "百分比", "date": "日期", "score": "分", "number": "数",
}  # fmt: skip
_ROWS: Final = {"shared": "各行人人可看", "reach": "只看权限内单位的行"}


def write_pages(folder: Path) -> list[Path]:
    """Write the three pages into a folder, made if need be, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"ledgers": ledgers_page(), "boards": boards_page(), "office": office_page()}
    for name, text in pages.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return [folder / f"{name}.md" for name in pages]


def ledgers_page() -> str:
    """Return the page of all ledgers: the columns of every contract, what each cell may hold, other words for it."""
    parts = [
        "# 台账：收什么",
        "每个台账一节。列名写“列名”或“也可写作”里的任何一个都认得；顺序不限，多出来的列不读并会说明。",
    ]
    for contract in load_contracts().values():
        parts += [
            f"## {contract.title}",
            _about(contract),
            markdown_table(("列名", "填什么", "必填", "也可写作"), _cells(contract)),
        ]
    return _page(parts)


def _about(contract: Contract) -> str:
    titles = {f.name: f.title for f in contract.fields}
    return f"约定 `{contract.name}`；每行由{'、'.join(titles[name] for name in contract.key)}认定。"


def _cells(contract: Contract) -> Iterable[tuple[str, ...]]:
    for f in contract.fields:
        words = "、".join(word for group in f.choices.values() for word in group[:1]) if f.type == "choice" else ""
        kind = f"{KINDS_OF_CELLS[f.type]}：{words}" if words else KINDS_OF_CELLS[f.type]
        if f.personal:
            kind += "（个人信息，不入库）"
        yield f.title, kind, "必填" if f.required else "", "、".join(f.synonyms)


def boards_page() -> str:
    """Return the page of all boards by question: what each counts, from which ledgers, its columns."""
    parts = ["# 看板：每个数是什么", "按问题排列。口径是这张看板怎么数；暂无表示没有台账说过，不是零。"]
    for question in questions():
        parts.append(f"## {question.title}\n\n{question.asks}")
        for board in boards_of(question):
            parts += [f"### {board.title}", _caliber(board), markdown_table(("列", "单位"), _figures(board))]
    parts.append("## 没有自己一页的表")
    parts.append(markdown_table(("表", "口径"), ((b.title, b.caliber) for b in all_boards() if not b.is_page)))
    return _page(parts)


def _caliber(board: Board) -> str:
    return f"口径：{board.caliber}。{board.grain}；来源：{board.source}；{_ROWS[board.rows]}。"


def _figures(board: Board) -> Iterable[tuple[str, str]]:
    return ((column.title, KINDS_OF_FIGURES[column.kind]) for column in board.columns)


def office_page() -> str:
    """Return the page of the office's rule tables: what each is for, its columns, what tells two rows apart."""
    parts = [
        "# 本区设置：办公室能改什么",
        "这些表在 `ZEYOU_HOME/office/` 里，也可以用 `zeyou office export 规则.xlsx` 导成一本工作簿来改。",
    ]
    for table in TABLES.values():
        parts += [f"## {table.title}", _rules(table), markdown_table(("列", "文件中的列名"), _columns(table))]
    return _page(parts)


def _rules(table: Table) -> str:
    titles = "、".join(table.columns[name] for name in table.key)
    return f"{table.about}。文件 `{table.file}`，每行由{titles}认定。"


def _columns(table: Table) -> Iterable[tuple[str, str]]:
    return ((title, f"`{name}`") for name, title in table.columns.items())


def _page(parts: Iterable[str]) -> str:
    return "\n\n".join(parts) + "\n"


def markdown_table(head: tuple[str, ...], lines: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    rows = [head, ("---",) * len(head), *lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "／") for cell in row) + " |" for row in rows)
