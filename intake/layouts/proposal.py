"""What an unknown form seems to be (版式建议): its header, and for every column the field, the unit and the reason.

Belongs here: judging columns by their words, by what their cells hold, and by layouts that were confirmed before. Does not
belong here: deciding: a person confirms or corrects (commands.py, the desk), and nothing is read by a proposal.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from statistics import median
from typing import Any, Final

import pyarrow as pa

from intake.contract import Contract, Field, header_form, load_contracts, split_header
from intake.header import HEADER_ROWS, Column, Top, Window, with_unit
from intake.layouts.layout import (
    LEAST_COLUMNS,
    Layout,
    LayoutColumn,
    Layouts,
    fingerprint_of,
    is_first_day,
    missing_key,
    own_parts,
    units_of,
)
from intake.opening import Row, Sheet
from intake.values import Unreadable, as_text, fold, is_number, parse_date, uscc_valid

LEADS: Final = "leads"
LOOKED_AT: Final = 200  # rows
ABOVE: Final = 10  # lines over a header in which its titles and notes stand
_SENDER = re.compile(
    r"(?:填报|报送|上报|填表|编制|制表)(?:单位|部门)(?:\([^)]*\)|（[^）]*）)?[:：]\s*([^\s:：,，;；、]*)"
)
_CUT = re.compile(r"(?:单位|填报|填表|日期|时间|联系|制表|金额|\d{4}年).*$")
NUMBERED: Final = re.compile(r"^(?:序号|序|编次|no|no\.|#|行号)$", re.IGNORECASE)
_AMOUNT = re.compile(r"^[约近超]?[+-]?\d[\d,]*(?:\.\d+)?(?:万|亿)?(?:元|美元)?$")
_WRITTEN_UNIT = re.compile(r"\d(?:万|亿|千|百万)?(?:元|美元)$|\d[万亿]$")
_PHONE = re.compile(r"^(?:\+?86-?)?1[3-9]\d{9}$|^0\d{2,3}-?\d{7,8}$")
_FIRM = re.compile(r"(?:公司|集团|厂|合作社|研究院|银行|中心|商行|事务所|企业)(?:\(.*\))?$")
_UNIT = re.compile(r"(?:镇|乡|街道|局|管委会|委员会|园区|开发区|办|办事处|中心|区|委|集团)$")
_PERSON = re.compile(r"^[一-龥]{2,4}$")
_SURNAMES: Final = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤欧"
)
_TICKS: Final = frozenset("是否√×✓✗✔YNyn有无")
_OF_PERSONS = re.compile(r"联系人|负责人|经办|专员|姓名|对接人|法人|老板|经理|领导|人员|招商人|申报人")
# What the words of a header mention, where no contract knows the whole of it: fields by kind of content.
_HINTS: Final[tuple[tuple[str, str], ...]] = (
    ("investment_wan_cny", r"投资|总额|盘子|规模|体量|概算|估算|资金"),
    ("fixed_investment_wan_cny", r"固投|固定资产"),
    ("promised_tax_wan_cny", r"税"),
    ("expected_output_wan_cny", r"产值|营收|销售收入|产出"),
    ("land_mu", r"用地|土地|占地|亩"),
    ("plant_area_mu", r"厂房"),
    ("enterprise_name", r"企业|公司|客商|投资(?:方|人|商|者|单位|主体)|业主|资方|甲方|主体"),
    ("project_name", r"项目"),
    ("unit_name", r"单位|部门|镇街|乡镇|街道|园区|专班|谁负责|归口|牵头|承接"),
    ("reported_date", r"首报|首次|上报|报备|登记|录入|获取|对接|接洽|接触|洽谈|时间|日期"),
    ("signed_date", r"签约|签订"),
    ("started_date", r"开工"),
    ("product_text", r"产品|内容|简介|概况|做什么|主营"),
    ("industry_name", r"行业|产业"),
    ("origin_name", r"来源地|所在地|哪里来|注册地|籍"),
    ("lead_id", r"编号|编码|代码|单号"),
    ("contact_phone", r"电话|手机|联系方式"),
    ("contact_person", r"联系人|对接人|经办人|老板|负责人"),
    ("blocker", r"问题|困难|卡点|诉求"),
    ("next_action", r"下一?步|举措"),
)


@dataclass(frozen=True)
class ProposedColumn:
    """One written column and what it seems to be: field (None: not read), unit, how sure (0 to 1), and why."""

    index: int
    header: str
    field: Field | None
    unit: str
    stated_unit: str
    confidence: float
    why: str
    is_unit_guessed: bool = False
    is_personal: bool = False  # to be masked wherever it is shown

    @property
    def title(self) -> str:
        """Return the title of the field; empty where the column is not read."""
        return self.field.title if self.field else ""


@dataclass(frozen=True)
class Proposal:
    """What one table seems to be. `rows` are the first of its body; `like` the confirmed layout that it resembles."""

    sheet: str
    fingerprint: str
    contract: Contract
    header_rows: tuple[int, int]  # from 1
    columns: tuple[ProposedColumn, ...]
    rows: tuple[Row, ...]
    unit: str | None  # the sender that the sheet names
    like: Layout | None = None
    changes: tuple[str, ...] = ()  # how it differs from that layout

    @property
    def has_key(self) -> bool:
        """Say whether a column holds the key."""
        return not missing_key(self.contract, {column.title for column in self.columns if column.field})

    @property
    def doubt(self) -> str:
        """Say why the proposal must not be confirmed as it stands; empty where nothing is against it."""
        key = next((f.title for f in self.contract.fields if f.name == self.contract.key[0]), "")
        for column in self.columns:
            cells = [row[column.index] for row in self.rows if column.index < len(row) and as_text(row[column.index])]
            if column.title == key and _is_numbering(column.header.split("/")[-1], cells):
                return f"“{column.header}”是序号，重新排序后就会串行，不能当{key}；没有编号列就写“无”"
            if column.field and not column.field.personal and _phones(cells):
                return f"“{column.header}”里是电话，只能读作联系电话或不读"
        return ""

    def confirmed(self, by: str, on: dt.date) -> Layout:
        """Return the layout that the proposal is, once a person says yes."""
        columns = tuple(
            LayoutColumn(c.header, c.field.title if c.field else None, c.unit, c.stated_unit) for c in self.columns
        )
        return Layout(self.fingerprint, self.contract.name, columns, by, on)

    def corrected(self, index: int, title: str | None, unit: str | None = None) -> Proposal:
        """Return the proposal with one column as a person says: the title of a field, or None; a unit, or what was stated.

        Raises
        ------
        LookupError
            The ledger has no such field.
        """
        f = self.contract.match(title) if title else None
        if title and f is None:
            raise LookupError(f"“{self.contract.title}”没有“{title}”这一列")

        def change(column: ProposedColumn) -> ProposedColumn:
            if column.index != index:
                return column
            known = units_of(f) if f else ()
            kept = column.unit if column.field and f and column.field.type == f.type else column.stated_unit
            new = (unit if unit is not None else kept) if known else ""
            stated = column.stated_unit if known else ""
            # Calling contacts something else must not show them.
            personal = column.is_personal or bool(f and f.personal)
            return replace(
                column, field=f, unit=new, stated_unit=stated, confidence=1.0, why="人工指定", is_unit_guessed=False,
                is_personal=personal,
            )  # fmt: skip

        return replace(self, columns=tuple(change(column) for column in self.columns))

    @property
    def outside(self) -> list[tuple[str, str]]:
        """Return what no column gives and where it is taken from: field, source."""
        titles = {column.title for column in self.columns}
        given = []
        for f in self.contract.fields:
            if not f.required or f.title in titles:
                continue
            if f.from_sheet:
                given.append((f.title, f"表上方的填报单位（{self.unit}）" if self.unit else "工作表名"))
            elif stand_in := next(
                (g.title for n in f.else_from for g in self.contract.fields if g.name == n and g.title in titles), None
            ):
                given.append((f.title, f"以“{stand_in}”代替"))
            elif self.contract.identified_by and f.name in self.contract.key:
                others = "、".join(g.title for g in self.contract.fields if g.name in self.contract.identified_by)
                given.append((f.title, f"没有编号列，由{others}自动编号，以后来件按这几项认出同一条"))
            elif is_first_day(self.contract, f):
                given.append((f.title, "表名写的月份，没有的按收件日；以后不变"))
        return given


# --- the header -----------------------------------------------------------------------------------------------------


def sending_unit(rows: Sequence[Row]) -> str | None:
    """Return the unit that the lines above a table name as their sender (填报单位：…)."""
    for row in rows:
        texts = [text for cell in row if (text := as_text(cell))]
        for at, text in enumerate(texts):
            if match := _SENDER.search(text):
                found = _CUT.sub("", match.group(1)) or (texts[at + 1] if at + 1 < len(texts) else "")
                if found and ":" not in fold(found):
                    return found
    return None


def guess_header(top: Top, rows: Sequence[Row], layouts: Layouts) -> Window | None:
    """Return the rows that seem to be a header nobody knows; None where nothing looks like a table.

    A header is a row of words over a body: nearly as wide as the table, without numbers and days, with rows beneath.
    """
    filled = [sum(as_text(cell) is not None for cell in row) for row in top.rows]
    widest = max(filled, default=0)
    if widest < LEAST_COLUMNS:
        return None
    words = _known_words(layouts)
    best: tuple[float, Window] | None = None
    for window in top.windows():
        if window.last + 1 >= len(rows) or len(window.parts) < max(LEAST_COLUMNS, 0.6 * widest):
            continue
        lines = top.rows[window.first : window.last + 1]
        if not all(_is_of_words(line) for line in lines) or _cells(lines[0]) < 2:
            continue
        leaves = [texts[-1] for texts in window.parts.values()]
        if len(set(leaves)) < 0.8 * len(leaves):
            continue
        known = sum(bool({header_form(t), split_header(t)[0]} & words) or bool(NUMBERED.match(fold(t))) for t in leaves)
        hinted = sum(any(re.search(pattern, fold(t)) for _, pattern in _HINTS) for t in leaves)
        typed = _measured(rows[window.last + 1 : window.last + 4])
        height = window.last - window.first
        score = len(leaves) + 2 * known + hinted + (2 if typed else 0) - 1.5 * height - 0.1 * window.first
        if best is None or score > best[0]:
            best = score, window
    return _with_parents(top, best[1]) if best else None


def _with_parents(top: Top, window: Window) -> Window:
    """Return the header with the rows above it whose cells reach down into it: merged parents belong to it."""
    first = window.first
    while first > 0 and window.last - first + 1 < HEADER_ROWS and _is_of_words(top.rows[first - 1]):
        upper, lower = top.rows[first - 1], top.rows[first]
        if not any(as_text(a) and as_text(a) == as_text(b) for a, b in zip(upper, lower, strict=False)):
            break
        first -= 1
    return window if first == window.first else Window.of(top, first, window.last)


def _known_words(layouts: Layouts) -> set[str]:
    words = {word for contract in load_contracts().values() if not contract.bulk for word in contract.words}
    return words | {header_form(c.header.split("/")[-1]) for layout in layouts.values() for c in layout.columns}


def _cells(row: Row) -> int:
    return sum(as_text(cell) is not None for cell in row)


def _is_of_words(row: Row) -> bool:
    texts = [text for cell in row if (text := as_text(cell))]
    if any(is_number(cell) or isinstance(cell, dt.date) for cell in row):
        return False
    if any(
        len(text) > 40 or _PHONE.match(text) or re.fullmatch(r"[0-9A-Z]{18}", text) or _is_date(text) for text in texts
    ):
        return False
    return bool(texts) and not any(_FIRM.search(text) and len(text) > 6 for text in texts)


def _is_date(cell: Any) -> bool:
    if isinstance(cell, dt.date):
        return True
    if not isinstance(cell, str) or not any(c.isdigit() for c in cell):
        return False
    try:
        return len(cell) >= 6 and parse_date(cell) is not None
    except Unreadable:
        return False


def _measured(rows: Sequence[Row]) -> bool:
    return any(is_number(cell) or _is_date(cell) for row in rows for cell in row)


# --- columns --------------------------------------------------------------------------------------------------------


def propose(
    sheet: Sheet, layouts: Layouts, contract: Contract | None = None, header: tuple[int, int] | None = None
) -> Proposal | None:
    """Return what a sheet seems to be; None where nothing looks like a table. `header` gives its rows, from 1."""
    # Of a table further down only what is right above it belongs to it.
    offset = max(header[0] - 1 - ABOVE, 0) if header else 0
    sheet = sheet.part(offset, len(sheet.rows)) if offset else sheet
    rows = sheet.rows
    top = Top.of(rows, sheet.merged)
    if header:
        window: Window | None = Window.of(top, header[0] - 1 - offset, header[1] - 1 - offset)
    else:
        known = (w for w in top.windows() if fingerprint_of(w.parts) in layouts and len(w.parts) >= LEAST_COLUMNS)
        window = next(known, None) or guess_header(top, rows, layouts)
    if window is None or not own_parts(window.parts):
        return None
    parts = own_parts(window.parts)
    words = {word for texts in parts.values() for word in texts}
    # Without titles, and without the header where a printed page repeats it.
    body = [
        row
        for row in rows[window.last + 1 :]
        if _cells(row) > 1 and not words.issuperset(filter(None, map(as_text, row)))
    ]
    fingerprint = fingerprint_of(window.parts)
    like = layouts.get(fingerprint) or _nearest_layout(parts, layouts)
    found = contract or (like.contract if like else _likely_contract(parts, body))
    columns = _columns(parts, window, body, found, like if like and like.ledger == found.name else None, layouts)
    changes = tuple(_changes(parts, like)) if like and like.fingerprint != fingerprint else ()
    return Proposal(
        sheet.name, fingerprint, found, (window.first + 1 + offset, window.last + 1 + offset), tuple(columns),
        tuple(body[:10]), sending_unit(rows[: window.first]), like, changes,
    )  # fmt: skip


def _form(parts: Sequence[str]) -> str:
    return "/".join(header_form(part) for part in parts)


def _nearest_layout(parts: dict[int, list[str]], layouts: Layouts) -> Layout | None:
    """Return the confirmed layout that shares most words with a header, if it is most of both."""
    words = {_form(texts) for texts in parts.values()}
    best, share = None, 0.6
    for layout in layouts.values():
        own = {_form(column.header.split("/")) for column in layout.columns}
        found = len(words & own) / len(words | own)
        if found > share:
            best, share = layout, found
    return best


def _changes(parts: dict[int, list[str]], like: Layout) -> list[str]:
    now, before = [_form(p) for p in parts.values()], [_form(c.header.split("/")) for c in like.columns]
    written = {_form(p): "/".join(p) for p in parts.values()} | {
        _form(c.header.split("/")): c.header for c in like.columns
    }
    said = [f"新增“{written[w]}”" for w in now if w not in before] + [
        f"没有了“{written[w]}”" for w in before if w not in now
    ]
    same = [w for w in now if w in before]
    if same != [w for w in before if w in now]:
        said.append("列的次序变了")
    return said


def _likely_contract(parts: dict[int, list[str]], body: Sequence[Row]) -> Contract:
    """Return the ledger whose words and needs the header meets best; in doubt the ledger of leads."""
    best, most = load_contracts()[LEADS], 0.0
    for contract in load_contracts().values():
        if contract.bulk:
            continue
        fields = {
            f.name: f for texts in parts.values() for t in (texts[-1], "".join(texts)) if (f := contract.match(t))
        }
        required = [f for f in contract.fields if f.required and not f.from_sheet and f.name not in contract.key]
        met = sum(f.name in fields for f in required) / max(len(required), 1)
        # Rows of other ledgers belong to a lead: without the column that names it they can't be.
        lacks = contract.name != LEADS and any(name not in fields for name in contract.key)
        score = len(fields) + 2 * met + (0.5 if contract.name == LEADS else 0) - (4 if lacks else 0)
        if score > most:
            best, most = contract, score
    return best


Guess = tuple[float, Field, str]  # how sure, field, why


def _columns(
    parts: dict[int, list[str]],
    window: Window,
    body: Sequence[Row],
    contract: Contract,
    like: Layout | None,
    layouts: Layouts,
) -> list[ProposedColumn]:
    learned = {
        _form(column.header.split("/")): (column, layout)
        for layout in layouts.values()
        if layout.ledger == contract.name
        for column in layout.columns
    }
    if like:
        learned |= {_form(column.header.split("/")): (column, like) for column in like.columns}
    cells = {
        index: [row[index] for row in body[:LOOKED_AT] if index < len(row) and as_text(row[index])] for index in parts
    }
    guesses: dict[int, list[Guess]] = {}
    unread: dict[int, str] = {}
    for index, texts in parts.items():
        told = learned.get(_form(texts))
        if told and told[0].field is None:
            unread[index] = f"{told[1].confirmed_by} 确认过不读"
            guesses[index] = []
            continue
        if told and (f := contract.match(told[0].field or "")):
            guesses[index] = [(1.0, f, f"{told[1].confirmed_by} {told[1].confirmed_on} 确认过")]
            continue
        if _is_numbering(texts[-1], cells[index]):
            unread[index], guesses[index] = "序号，不是编号", []
            continue
        guesses[index] = _guesses(texts, cells[index], contract)
    chosen: dict[int, Guess] = {}
    taken: set[str] = set()
    for index, guess in sorted(
        ((i, g) for i, found in guesses.items() for g in found), key=lambda pair: (-pair[1][0], pair[0])
    ):
        if index in chosen or (guess[1].name in taken and not guess[1].personal):
            continue
        chosen[index] = guess
        taken.add(guess[1].name)
    return [
        _proposed(
            index, texts, window, cells[index], chosen.get(index), learned.get(_form(texts)), unread.get(index, "")
        )
        for index, texts in parts.items()
    ]


def _proposed(
    index: int,
    texts: list[str],
    window: Window,
    cells: Sequence[Any],
    guess: Guess | None,
    told: tuple[LayoutColumn, Layout] | None,
    unread: str,
) -> ProposedColumn:
    header = "/".join(texts)
    personal = _seems_personal(texts[-1], cells)
    if guess is None:
        is_stage = not personal and _stages(cells)
        seems = "是项目阶段；这种台账没有这一列，进展另报“项目进展”" if is_stage else "像个人信息" if personal else ""
        why = unread or seems or "看不出是哪一列"
        return ProposedColumn(index, header, None, "", "", 0.0 if not unread else 1.0, why, is_personal=personal)
    sure, f, why = guess
    if f.personal:
        return ProposedColumn(index, header, f, "", "", sure, f"{why}；个人信息，不读", is_personal=True)
    stated = with_unit(Column(index, f, header, matched=f.title), window).unit_text
    stated = stated if "为" not in stated else ""
    unit, is_guessed = stated, False
    if told and told[0].unit:
        unit = told[0].unit
    elif units_of(f) and not stated:
        unit, is_guessed = _guessed_unit(f, cells)
    return ProposedColumn(index, header, f, unit, stated, sure, why, is_guessed, is_personal=_phones(cells))


def _guessed_unit(f: Field, cells: Sequence[Any]) -> tuple[str, bool]:
    """Return the unit that numbers without one seem to have, by their size; none where the cells write it themselves."""
    numbers = [float(cell) for cell in cells if is_number(cell)]
    numbers += [
        float(t.replace(",", ""))
        for c in cells
        if isinstance(c, str) and re.fullmatch(r"\d[\d,]*(?:\.\d+)?", t := fold(c))
    ]
    if not numbers:
        return "", False
    if f.type == "area":
        return ("平方米" if median(numbers) > 3_000 else "亩"), True
    if f.type == "intensity":
        return "万元/亩", True
    middle = median(numbers)
    return ("元" if middle >= 1_000_000 else "亿元" if middle < 30 else "万元"), True


def _is_numbering(header: str, cells: Sequence[Any]) -> bool:
    if NUMBERED.match(header_form(header)):
        return True
    if "编号" in header or "编码" in header:
        return False
    whole = [int(float(t)) for c in cells if (t := as_text(c)) and re.fullmatch(r"\d{1,4}", t)]
    return (
        len(whole) >= 3
        and len(whole) >= 0.9 * len(cells)
        and whole == list(range(whole[0], whole[0] + len(whole)))
        and whole[0] <= 1
    )


def _guesses(texts: list[str], cells: Sequence[Any], contract: Contract) -> list[Guess]:
    """Return every field that a column may be, by its words and by its cells."""
    by_name = {f.name: f for f in contract.fields}
    found: dict[str, Guess] = {}

    def add(sure: float, f: Field | None, why: str) -> None:
        if f and _fits(f, cells) and sure > found.get(f.name, (0.0,))[0]:
            found[f.name] = sure, f, why

    for text in (texts[-1], "".join(texts), *reversed(texts[:-1])):
        f = contract.match(text)
        same = f is not None and header_form(text).startswith(header_form(f.title))
        add(0.98, f, "列名就是这一列" if same else f"“{text}”是“{f.title if f else ''}”的另一种写法")
    name = split_header("".join(texts))[0]
    for f in contract.fields:
        for word in (f.title, *f.synonyms, *f.also):
            own = split_header(word)[0]
            if len(own) >= 2 and len(name) >= 2 and (likeness := SequenceMatcher(None, own, name).ratio()) >= 0.6:
                add(0.5 + 0.35 * likeness, f, f"列名近似“{word}”")
    for field_name, pattern in _HINTS:
        if field_name in by_name and re.search(pattern, name):
            content = _CONTENT.get(field_name)
            bonus = 0.25 if content and cells and content(cells) else 0.0
            add(0.45 + bonus, by_name[field_name], "列名提到，内容也像" if bonus else "列名提到")
    for field_name, test in _CONTENT.items():
        if field_name in by_name and cells and test(cells):
            add(_CONTENT_SURE[field_name], by_name[field_name], _CONTENT_SAID[field_name])
    return list(found.values())


def _fits(f: Field, cells: Sequence[Any]) -> bool:
    """Say whether cells can be of a field's type, so that a word alone does not make an amount of a column of names."""
    if not cells:
        return True
    texts = [str(as_text(cell)) for cell in cells]
    if f.type in {"amount", "area", "intensity", "number"}:
        return _share(texts, lambda t: bool(re.search(r"\d", t)) and not _is_date(t) and not _PHONE.match(t)) >= 0.5
    if f.type == "date":
        return (
            _share(
                cells,
                lambda c: _is_date(c) or bool(re.search(r"\d", str(c))) or (is_number(c) and 20_000 <= c <= 60_000),
            )
            >= 0.5
        )
    if f.type == "uscc":
        return _share(texts, lambda t: len(t) >= 15) >= 0.5
    if f.type in {"choice", "boolean"}:
        words: set[str] = {fold(word) for words in f.choices.values() for word in words} | (
            _TICKS if f.type == "boolean" else set()
        )
        return _share(texts, lambda t: fold(t) in words) >= 0.5
    if f.name in {"enterprise_name", "project_name", "unit_name"}:
        return _share(texts, lambda t: not _AMOUNT.match(fold(t)) and not _is_date(t)) >= 0.5
    return True


def _share(cells: Sequence[Any], test: Callable[[Any], bool]) -> float:
    return sum(bool(test(cell)) for cell in cells) / len(cells) if cells else 0.0


def _texts_like(pattern: re.Pattern[str], least: float = 0.6) -> Callable[[Sequence[Any]], bool]:
    return lambda cells: _share(cells, lambda c: bool(pattern.search(fold(str(as_text(c)))))) >= least


def _codes(cells: Sequence[Any]) -> bool:
    texts = [str(as_text(cell)).upper() for cell in cells]
    return bool(sum(uscc_valid(pa.array(texts)).to_pylist()) >= 0.6 * len(texts))


def _dates(cells: Sequence[Any]) -> bool:
    return _share(cells, _is_date) >= 0.7


def _amounts(cells: Sequence[Any]) -> bool:
    return _share(cells, lambda c: is_number(c) or bool(_AMOUNT.match(fold(str(as_text(c)))))) >= 0.7


def _money(cells: Sequence[Any]) -> bool:
    return _share(cells, lambda c: bool(_WRITTEN_UNIT.search(fold(str(as_text(c)))))) >= 0.5


def _stages(cells: Sequence[Any]) -> bool:
    stage = next(f for f in load_contracts()["stage_moves"].fields if f.name == "stage")
    words = {fold(word) for words in stage.choices.values() for word in words}
    return bool(cells) and _share(cells, lambda c: fold(str(as_text(c))) in words) >= 0.6


def _persons(cells: Sequence[Any]) -> bool:
    def is_person(cell: Any) -> bool:
        text = cell.strip() if isinstance(cell, str) else ""
        return bool(_PERSON.match(text)) and text[0] in _SURNAMES and not _UNIT.search(text)  # 高新区, 黄岩区

    return _share(cells, is_person) >= 0.8


_CONTENT: Final[dict[str, Callable[[Sequence[Any]], bool]]] = {
    "uscc": _codes,
    "contact_phone": _texts_like(_PHONE),
    "contact_person": _persons,
    "enterprise_name": _texts_like(_FIRM),
    "unit_name": _texts_like(_UNIT),
    "project_name": _texts_like(re.compile("项目|基地|工程|生产线|产业园")),
    "investment_wan_cny": lambda cells: _money(cells) or _amounts(cells),
    "fixed_investment_wan_cny": _amounts,
    "promised_tax_wan_cny": _amounts,
    "expected_output_wan_cny": _amounts,
    "land_mu": _texts_like(re.compile(r"\d\s*(?:亩|平方米|㎡|m2)$")),
    "reported_date": _dates,
    "signed_date": _dates,
    "started_date": _dates,
}
_CONTENT_SURE: Final = {
    "uscc": 0.9, "contact_phone": 0.9, "contact_person": 0.55, "enterprise_name": 0.6, "unit_name": 0.5, "project_name": 0.45,
    "investment_wan_cny": 0.3, "fixed_investment_wan_cny": 0.0, "promised_tax_wan_cny": 0.0, "expected_output_wan_cny": 0.0,
    "land_mu": 0.6, "reported_date": 0.4, "signed_date": 0.0, "started_date": 0.0,
}  # fmt: skip
_CONTENT_SAID: Final = {
    "uscc": "内容是18位信用代码", "contact_phone": "内容是电话号码", "contact_person": "内容像人名",
    "enterprise_name": "内容像企业名称", "unit_name": "内容像单位名称", "project_name": "内容像项目名称",
    "investment_wan_cny": "内容是数", "fixed_investment_wan_cny": "", "promised_tax_wan_cny": "",
    "expected_output_wan_cny": "", "land_mu": "内容带面积单位", "reported_date": "内容是日期", "signed_date": "",
    "started_date": "",
}  # fmt: skip


def _phones(cells: Sequence[Any]) -> bool:
    return _share(cells, lambda cell: bool(_PHONE.match(fold(str(as_text(cell)))))) >= 0.3


def _seems_personal(header: str, cells: Sequence[Any]) -> bool:
    return _phones(cells) or bool(_OF_PERSONS.search(header)) or (bool(cells) and _persons(cells))
