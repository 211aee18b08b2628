"""What waits for a yes (待确认): suspicious cells of landed ledgers, what counts in their place, how each question ended.

Belongs here: going through what was received in its order, what was accepted of each key before, answers and deadlines,
the table of questions. Does not belong here: what makes a cell suspicious (judging.py), when this is done (landing.py).

The rule: a suspicious cell does not count. Until it is answered the value accepted before for that cell does, if there is one;
after `hold_days` without an answer none does. The rest of the row counts at once. A yes is an answer of a person, or the same
value in something received after the question was asked; a correction is any other value. Values are blanked here and nowhere
else: what stands in landing/<ledger>.parquet is what counts.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from intake.contract import Contract, Field
from intake.plausibility.judging import CHANGE, KIND, RATIO, TOTAL, UNIT, Doubt, Reference, judge
from intake.plausibility.limits import Limits
from intake.plausibility.totals import Total, total_gaps

QUESTION: Final = "held"  # as answers name this kind of question
YES, NO = "照此计入", "有误"
ANSWERS: Final = (YES, NO)
WAITS, UNANSWERED, CONFIRMED, DENIED, CORRECTED = "待确认", "逾期未答", "已确认", "已答有误", "已更正"
OPEN: Final = (WAITS, UNANSWERED)
BY_ANSWER, BY_REPETITION = "答复", "再次报送"
HELD_SCHEMA: Final = pa.schema(
    [
        ("question_id", pa.string()), ("ledger", pa.string()), ("ledger_name", pa.string()), ("row_key", pa.string()),
        ("lead_id", pa.string()), ("written_unit_name", pa.string()), ("subject_name", pa.string()),
        ("column_name", pa.string()), ("column_title", pa.string()), ("measure", pa.string()),
        ("held_value", pa.float64()), ("counted_value", pa.float64()), ("why_text", pa.string()),
        ("times_off", pa.float64()), ("state", pa.string()), ("settled_by", pa.string()), ("since_date", pa.date32()), ("due_date", pa.date32()),
        ("asked_seq", pa.int64()), ("source_file", pa.string()), ("source_sheet", pa.string()),
        ("source_row", pa.int64()), ("received_seq", pa.int64()),
    ]
)  # fmt: skip
_MEASURES: Final = {"amount": "万元", "area": "亩"}
_SUBJECTS: Final = ("project_name", "enterprise_name", "supplier_name", "fund_name", "park_name", "building_name")
_OF_UNIT: Final = 10  # leads that a unit must have before one of them may be too large for it


@dataclass(frozen=True)
class Held:
    """A ledger with its held cells blanked, and its questions, open and closed."""

    table: pa.Table
    questions: list[dict[str, Any]]


@dataclass
class _State:
    """What was accepted so far, by key and column: the last logarithm there was, and the row of the last version, -1 if blank there."""

    logs: npt.NDArray[np.float64]
    rows: npt.NDArray[np.int64]


def guarded(contract: Contract) -> list[Field]:
    """Return the fields of a ledger that are looked at: its amounts and areas."""
    return [f for f in contract.landed_fields if f.type in _MEASURES]


def read_held(path: Path) -> dict[str, dict[str, Any]]:
    """Return the questions that the last night left, by their id; none before the first."""
    if not path.exists():
        return {}
    return {row["question_id"]: row for row in pq.read_table(path).to_pylist()}


def question_id(ledger: str, key: str, column: str, value: float, received_seq: int) -> str:
    """Return the id of a question: a value of a cell as one file said it. Sent again it may be asked again."""
    said = f"{ledger}\x1f{key}\x1f{column}\x1f{value!r}\x1f{received_seq}"
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def hold_back(
    contract: Contract,
    table: pa.Table,
    limits: Limits,
    day: dt.date,
    before: Mapping[str, Mapping[str, Any]],
    answers: Mapping[str, str],
    totals: Sequence[Total] = (),
) -> Held:
    """Return a landed ledger without its suspicious values, and what is asked of them.

    `before` are the questions of the last night by id, `answers` what people answered by id, `day` the day of the night,
    `totals` the lines of totals that the senders wrote.
    """
    fields = guarded(contract)
    if not fields or not len(table):
        return Held(table, [])
    walk = _Walk(contract, fields, table, limits, day, before, answers, total_gaps(table, fields, totals, limits))
    for rows in walk.groups():
        walk.take(rows)
    return Held(walk.blanked(), walk.questions())


class _Walk:
    """One passage through the rows of a ledger, oldest first."""

    def __init__(
        self,
        contract: Contract,
        fields: list[Field],
        table: pa.Table,
        limits: Limits,
        day: dt.date,
        before: Mapping[str, Mapping[str, Any]],
        answers: Mapping[str, str],
        gaps: Mapping[tuple[int, int], float],
    ) -> None:
        self.contract, self.fields, self.table, self.limits, self.day = contract, fields, table, limits, day
        self.before, self.answers, self.gaps = before, answers, gaps
        self.values = np.column_stack([_numbers(table[f.name]) for f in fields])
        with np.errstate(divide="ignore", invalid="ignore"):
            self.logs = np.where(self.values > 0, np.log10(self.values), np.nan)
        self.keys, self.key_texts = _codes(_joined(table, contract.key))
        self.kinds, _ = _codes(_divisions(table))
        self.units, _ = _codes(table["unit_name"].to_pylist() if "unit_name" in table.column_names else [None])
        if len(self.units) != len(table):
            self.units = np.full(len(table), -1)
        size = (len(self.key_texts), len(fields))
        self.state = _State(np.full(size, np.nan), np.full(size, -1))
        self.of_key = np.zeros(len(self.key_texts), dtype=np.int64)  # the last row taken of each key
        self.is_seen = np.zeros(len(self.key_texts), dtype=bool)
        self.earlier: dict[tuple[str, str, float], list[Mapping[str, Any]]] = {}
        for asked in before.values():
            if asked["ledger"] == contract.name:
                self.earlier.setdefault((asked["row_key"], asked["column_name"], asked["held_value"]), []).append(asked)
        self.replaced: dict[tuple[int, int], int] = {}  # held cells: the row whose value counts instead, -1 for none
        self.found: dict[str, dict[str, Any]] = {}
        self.places: dict[str, tuple[int, int]] = {}

    def groups(self) -> Iterable[npt.NDArray[np.int64]]:
        """Yield the rows of each file and period, in the order in which a later one replaces an earlier."""
        periods = pc.fill_null(pc.cast(self.table["source_period_date"], pa.int32()), -1).to_numpy()
        received = self.table["received_seq"].to_numpy()
        rows = self.table["source_row"].to_numpy()
        order = np.lexsort((rows, received, periods))
        steps = np.flatnonzero((np.diff(periods[order]) != 0) | (np.diff(received[order]) != 0)) + 1
        yield from np.split(order, steps)

    def take(self, rows: npt.NDArray[np.int64]) -> None:
        """Judge some rows by all before them, then accept what is not held."""
        keys, limits = self.keys[rows], self.limits
        # By what was accepted before; where that is little, by all there is, its own errors included.
        accepted = Reference(self.state.logs[self.is_seen], self.kinds[self.of_key[self.is_seen]])
        references = (accepted, Reference(self.logs, self.kinds))
        doubts = list(
            judge(self.logs[rows], self.kinds[rows], self.state.logs[keys], references, self._of_unit(rows), limits)
        )
        seen = {(doubt.row, doubt.column) for doubt in doubts}
        place = {int(row): at for at, row in enumerate(rows)}
        doubts += [
            Doubt(place[row], column, TOTAL, None, times)
            for (row, column), times in self.gaps.items()
            if row in place and (place[row], column) not in seen
        ]
        held = {(int(rows[d.row]), d.column): d for d in doubts if self._is_held(int(rows[d.row]), d)}
        logs, told_by = self.logs[rows], np.where(np.isnan(self.values[rows]), -1, rows[:, None])
        for row, column in held:
            self.replaced[row, column] = self.found[self._id(row, column)]["counted_row"]
            at, key = place[row], self.keys[row]
            logs[at, column], told_by[at, column] = np.nan, self.state.rows[key, column]
        # Rows of one key in one group say the same: intake refuses others. A blank cell counts, and is nothing to compare with.
        self.state.logs[keys] = np.where(np.isnan(logs), self.state.logs[keys], logs)
        self.state.rows[keys] = told_by
        self.of_key[keys], self.is_seen[keys] = rows, True

    def _of_unit(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        """Return the logarithm of what the unit of each row had of each amount in all before; NaN for a unit with few."""
        found = np.full((len(rows), len(self.fields)), np.nan)
        of = self.units[self.of_key]
        for unit in np.unique(self.units[rows]):
            own = self.state.logs[self.is_seen & (of == unit)]
            if unit < 0:
                continue
            counts = np.isfinite(own).sum(axis=0)
            with np.errstate(divide="ignore"):
                sums = np.log10(np.nansum(10**own, axis=0))
            found[self.units[rows] == unit] = np.where(counts >= _OF_UNIT, sums, np.nan)
        return found

    def _id(self, row: int, column: int) -> str:
        received = int(self.table["received_seq"][row].as_py())
        return question_id(self.contract.name, *self._cell(row, column), received)

    def _cell(self, row: int, column: int) -> tuple[str, str, float]:
        """Return what says the same wherever it is written: key, column, value."""
        return self.key_texts[self.keys[row]], self.fields[column].name, float(self.values[row, column])

    def _is_held(self, row: int, doubt: Doubt) -> bool:
        """Note the question of a suspicious cell, and say whether the cell waits; an answer or a repetition lets it pass."""
        identity, column = self._id(row, doubt.column), doubt.column
        asked = self.before.get(identity)
        since = asked["since_date"] if asked else self.day
        asked_seq = asked["asked_seq"] if asked else int(pc.max(self.table["received_seq"]).as_py())
        due = since + dt.timedelta(days=round(self.limits.hold_days))
        answer, settled_by = self.answers.get(identity), None
        if answer in ANSWERS:
            state, settled_by = (CONFIRMED if answer == YES else DENIED), BY_ANSWER
        elif self._is_repeated(row, column, asked):
            state, settled_by = CONFIRMED, BY_REPETITION
        else:
            state = WAITS if self.day < due else UNANSWERED
        instead = int(self.state.rows[self.keys[row], column])
        instead = -1 if state == UNANSWERED or instead < 0 else instead
        self.found[identity] = {
            "since_date": since, "due_date": due, "asked_seq": asked_seq, "state": state, "settled_by": settled_by,
            "counted_row": row if state == CONFIRMED else instead, "why_text": self._said(row, doubt),
            "times_off": doubt.times,
        }  # fmt: skip
        self.places[identity] = (row, column)
        return state != CONFIRMED

    def _is_repeated(self, row: int, column: int, asked: Mapping[str, Any] | None) -> bool:
        """Say whether a value was sent again after it had been asked about, and neither denied nor corrected in between."""
        if asked:
            return bool(asked["settled_by"] == BY_REPETITION)
        received = self.table["received_seq"][row].as_py()
        earlier = self.earlier.get(self._cell(row, column), ())
        return any(e["state"] in OPEN and e["asked_seq"] < received for e in earlier)

    def _said(self, row: int, doubt: Doubt) -> str:
        """Say why a value is asked about, in the words of its ledger."""
        times = doubt.times if doubt.times >= 1 else 1 / doubt.times
        size = f"{times:,.0f} 倍" if doubt.times >= 1 else f"{times:,.0f} 分之一"
        measure = _MEASURES[self.fields[doubt.column].type]
        if doubt.why == CHANGE:
            old = 10 ** self.state.logs[self.keys[row], doubt.column]
            return f"上次是 {_figure(old)} {measure}，这次是它的 {size}"
        if doubt.why == RATIO and doubt.other is not None:
            other = self.fields[doubt.other]
            said = f"{_figure(self.values[row, doubt.other])} {_MEASURES[other.type]}"
            return f"与“{other.title}”{said}对照，约为本区常见值的 {size}"
        if doubt.why == UNIT:
            return f"比本单位其余各行的合计还大（{size}）"
        if doubt.why == TOTAL:
            return f"与表内合计行对不上，像是写成了 {size}"
        return f"约为同类常见值的 {size}"

    def blanked(self) -> pa.Table:
        """Return the ledger with what counts in the place of held cells; currency and rate go with the amount."""
        table = self.table
        for column in sorted({column for _, column in self.replaced}):
            take = np.arange(len(table))
            for (row, at), instead in self.replaced.items():
                if at == column:
                    take[row] = instead
            taken = pa.array(take, mask=take < 0)
            for arrow in self.fields[column].arrow_fields():
                at = table.schema.get_field_index(arrow.name)
                table = table.set_column(at, table.schema.field(at), table.column(at).combine_chunks().take(taken))
        return table

    def questions(self) -> list[dict[str, Any]]:
        """Return every question as a row of HELD_SCHEMA; one whose row a later one replaced was corrected, or is that one's."""
        rows = []
        for identity, told in self.found.items():
            row, column = self.places[identity]
            stands = int(self.of_key[self.keys[row]])
            if stands != row and self.values[stands, column] == self.values[row, column]:
                continue
            record = self.table.slice(row, 1).to_pylist()[0]
            found = self.fields[column]
            state = told["state"] if stands == row or told["state"] == CONFIRMED else CORRECTED
            counted = told["counted_row"]
            rows.append({
                "question_id": identity, "ledger": self.contract.name, "ledger_name": self.contract.title,
                "row_key": self.key_texts[self.keys[row]], "lead_id": record.get("lead_id"),
                "written_unit_name": record.get("unit_name"),
                "subject_name": next((record[name] for name in _SUBJECTS if record.get(name)), None),
                "column_name": found.name, "column_title": found.title, "measure": _MEASURES[found.type],
                "held_value": float(self.values[row, column]),
                "counted_value": float(self.values[counted, column]) if counted >= 0 else None,
                "why_text": told["why_text"], "times_off": told["times_off"], "state": state,
                "settled_by": told["settled_by"], "since_date": told["since_date"], "due_date": told["due_date"], "asked_seq": told["asked_seq"],
                **{name: record[name] for name in ("source_file", "source_sheet", "source_row", "received_seq")},
            })  # fmt: skip
        return sorted(rows, key=lambda r: r["question_id"])


def _figure(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _numbers(column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _joined(table: pa.Table, names: Sequence[str]) -> list[str]:
    columns = [[("" if v is None else str(v)) for v in table[name].to_pylist()] for name in names]
    return ["｜".join(parts) for parts in zip(*columns, strict=True)]


def _codes(texts: Sequence[str | None]) -> tuple[npt.NDArray[np.int64], list[str]]:
    """Return a number for each text, -1 for none, and the texts by number."""
    numbers: dict[str, int] = {}
    codes = [-1 if not text else numbers.setdefault(text, len(numbers)) for text in texts]
    return np.asarray(codes, dtype=np.int64), list(numbers)


def _divisions(table: pa.Table) -> list[str | None]:
    """Return the kind that a row is measured by: the division of its industry (行业大类), where it names one."""
    if "industry_code" not in table.column_names:
        return [None] * len(table)
    return [code[:2] if code else None for code in table["industry_code"].to_pylist()]


__all__ = ["ANSWERS", "HELD_SCHEMA", "KIND", "QUESTION", "Held", "guarded", "hold_back", "question_id", "read_held"]
