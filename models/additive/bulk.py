"""Score millions of rows of Parquet with compiled models, each row with its largest reasons.

Belongs here: Arrow columns to codes, sums and largest contributions by gathering, a file to a file in bounded memory.
Does not belong here: learning, or what a value contributes: ``tables`` is asked once for every code, and this equals it to the last bit.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.additive.tables import AdditiveTables, Floats, Term, category_key

Codes = npt.NDArray[np.intp]

CHUNK = 16_384  # rows whose sums and ranks stay in the processor's cache
BATCH = 32_768
WIDEST_LOOKUP = 65_536  # range of a column of integers that is looked up instead of searched
UNSEEN = "\0unseen"
LEADING = 45  # bits of a double that are left out: what stays is the exponent and 7 bits of the fraction


@dataclass(frozen=True)
class _Cells:
    """Positive doubles by their leading bits, which rise with them: 128 cells an octave, most of them without an edge.

    ``below`` is the number of edges at or below where a cell begins, ``most`` the number of edges that any cell holds,
    ``following`` the next edge after so many.
    """

    lowest: float
    highest: float
    first: int
    below: Codes
    following: Floats
    most: int

    @classmethod
    def of(cls, edges: Floats) -> _Cells:
        lowest, highest = np.nextafter(edges[0], 0.0), edges[-1]
        first, last = (int(np.float64(end).view(np.int64)) >> LEADING for end in (lowest, highest))
        starts = (np.arange(first, last + 2, dtype=np.int64) << LEADING).view(np.float64)
        below = np.searchsorted(edges, starts, side="right")
        # A cell begins at or before the lowest value that is looked up in it.
        most = int(np.max(np.searchsorted(edges, starts[1:], side="left") - below[:-1]))
        return cls(float(lowest), float(highest), first, below[:-1], np.append(edges, np.inf), most)


@dataclass(frozen=True)
class _Column:
    """A column as codes that tell apart all that any model tells apart: bins or categories, unseen, missing."""

    name: str
    edges: Floats
    keys: tuple[str, ...] | None

    @property
    def size(self) -> int:
        return len(self.edges) + 2 if self.keys is None else len(self.keys) + 2

    def values(self) -> pd.Series[Any]:
        """One value for every code, the missing one last; a bin stands at its lower bound, which it includes."""
        if self.keys is None:
            return pd.Series([-np.inf, *self.edges, np.nan], dtype=np.float64)
        return pd.Series([*self.keys, UNSEEN, None], dtype=object)

    def codes(self, column: pa.Array) -> Codes:
        """Code of every row."""
        return self._bins(column) if self.keys is None else self._categories(column)

    def _categories(self, column: pa.Array) -> Codes:
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        known = {key: code for code, key in enumerate(self.keys or ())}
        unseen, missing = self.size - 2, self.size - 1
        found = [
            missing if v is None or v != v else known.get(category_key(v), unseen)
            for v in column.dictionary.to_pylist()
        ]
        places = column.indices.fill_null(len(found)) if column.null_count else column.indices
        return np.asarray(np.array([*found, missing], dtype=np.intp)[places.to_numpy()])

    def _bins(self, column: pa.Array) -> Codes:
        kind = column.type
        if pa.types.is_temporal(kind):
            raise TypeError(f"column {self.name!r} holds dates; give a number of days instead")
        if not (pa.types.is_null(kind) or pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            if not pa.types.is_decimal(kind):
                raise ValueError(f"column {self.name!r} is read as a number, but holds {kind}")
            column = column.cast(pa.string())  # the nearest double of what is written, as Python has it
        missing = self.size - 1
        if pa.types.is_integer(kind) and column.null_count < len(column):
            low, high = (pc.min_max(column)[end].as_py() for end in ("min", "max"))
            if high - low < WIDEST_LOOKUP:
                every = np.arange(low, high + 1).astype(np.float64)
                table = np.append(np.searchsorted(self.edges, every, side="right"), missing)
                shown = column.fill_null(low) if column.null_count else column
                places = np.subtract(shown.to_numpy(), low, dtype=np.intp, casting="unsafe")
                if column.null_count:
                    places[column.is_null().to_numpy(zero_copy_only=False)] = high - low + 1
                return np.asarray(table[places])
        x = column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        found = self._searched(x)
        absent = np.isnan(x)
        if absent.any():
            found[absent] = missing
        return found

    def _searched(self, x: Floats) -> Codes:
        """How many edges lie at or below each value: ``searchsorted``, by a table where all edges are positive."""
        if self.cells is None:
            return np.asarray(np.searchsorted(self.edges, x, side="right"))
        inside = np.fmin(np.fmax(x, self.cells.lowest), self.cells.highest)
        places = np.right_shift(inside.view(np.int64), LEADING)
        places -= self.cells.first
        found = np.take(self.cells.below, places, mode="clip")
        for _ in range(self.cells.most):
            found += inside >= np.take(self.cells.following, found, mode="clip")
        return found

    @cached_property
    def cells(self) -> _Cells | None:
        """The table over the leading bits; None where an edge is not positive, or there is none."""
        return _Cells.of(self.edges) if len(self.edges) and self.edges[0] > 0 else None


@dataclass(frozen=True)
class _Gather:
    """One term of every model as a lookup by the code of its column, or of its two: contributions and ranks, a column a model."""

    columns: tuple[int, ...]
    width: int
    values: Floats
    ranks: npt.NDArray[Any]


@dataclass(frozen=True)
class _Model:
    """What the ranks of a compiled model mean: terms, their contributions, and for every rank which."""

    name: str
    intercept: float
    terms: tuple[str, ...]
    term_of: npt.NDArray[np.int16]
    value_of: npt.NDArray[Any]
    distinct: Floats


def _columns_of(models: Iterable[AdditiveTables]) -> dict[tuple[str, bool], _Column]:
    """Columns by name and by whether they are read as numbers, with the edges and categories of all terms together."""
    edges: dict[str, list[Floats]] = {}
    keys: dict[str, set[str]] = {}
    for term in (t for m in models for t in m.terms):
        first = term.columns[0]
        if term.cells:
            keys.setdefault(first, set()).update(key for key, _ in term.cells)
            if term.partner_is_numeric:
                edges.setdefault(term.columns[1], []).append(term.edges)
            else:
                keys.setdefault(term.columns[1], set())
        elif term.is_numeric:
            edges.setdefault(first, []).append(term.edges)
        else:
            keys.setdefault(first, set()).update(term.categories)
    numbers = {(n, True): _Column(n, np.unique(np.concatenate(e)), None) for n, e in edges.items()}
    return numbers | {(n, False): _Column(n, np.empty(0), tuple(sorted(k))) for n, k in keys.items()}


def _reads(term: Term) -> list[tuple[str, bool]]:
    if not term.cells:
        return [(term.columns[0], term.is_numeric)]
    return [(term.columns[0], False), (term.columns[1], term.partner_is_numeric)]


def _told(term: Term, columns: Mapping[tuple[str, bool], _Column]) -> Floats:
    """What a term contributes, for every code of its column or every two codes of its columns."""
    values = [columns[key].values() for key in _reads(term)]
    if not term.cells:
        return term.contribution(values[0])
    first, second = values[0].repeat(len(values[1])), pd.concat([values[1]] * len(values[0]))
    return term.pair_contribution(first.reset_index(drop=True), second.reset_index(drop=True))


def _ranked(name: str, tables: AdditiveTables, told: Sequence[Floats]) -> tuple[_Model, npt.NDArray[np.int32]]:
    """The ranks of all contributions that are not 0, one after another: the largest by absolute value has the highest."""
    flat = np.concatenate([np.empty(0), *told])
    owner = np.repeat(np.arange(len(told)), [len(t) for t in told])
    # Of equals the term that comes first. Rank 0 is a contribution of 0: no reason.
    order = np.lexsort((-owner, np.abs(flat)))
    order = order[np.abs(flat[order]) > 0]
    ranks = np.zeros(len(flat), dtype=np.int32)
    ranks[order] = np.arange(1, len(order) + 1)
    distinct, which = np.unique(flat[order], return_inverse=True)
    kind = np.int16 if len(distinct) <= np.iinfo(np.int16).max else np.int32
    terms = tuple(t.name for t in tables.terms)
    owners = np.concatenate([[0], owner[order]]).astype(np.int16)
    return _Model(name, tables.intercept, terms, owners, np.concatenate([[0], which]).astype(kind), distinct), ranks


def _laid_out(
    models: Mapping[str, AdditiveTables], columns: Mapping[tuple[str, bool], _Column]
) -> tuple[tuple[_Model, ...], tuple[_Gather, ...]]:
    """What ranks mean for every model, and the lookups: terms of several models on the same columns are one."""
    place = {key: at for at, key in enumerate(columns)}
    meanings, layers = [], dict[tuple[tuple[tuple[str, bool], ...], int], list[tuple[int, Floats, Any]]]()
    for number, (name, tables) in enumerate(models.items()):
        told = [_told(term, columns) for term in tables.terms]
        model, ranks = _ranked(name, tables, told)
        meanings.append(model)
        seen: dict[tuple[tuple[str, bool], ...], int] = {}
        for term, values, rank in zip(
            tables.terms, told, np.split(ranks, np.cumsum([len(t) for t in told])[:-1]), strict=True
        ):
            reads = tuple(_reads(term))
            seen[reads] = seen.get(reads, -1) + 1
            layers.setdefault((reads, seen[reads]), []).append((number, values, rank))
    kind = np.int16 if max((len(m.term_of) for m in meanings), default=0) <= np.iinfo(np.int16).max else np.int32
    gathers = []
    for (reads, _), terms in layers.items():
        values = np.zeros((len(terms[0][1]), len(models)))
        ranks = np.zeros(values.shape, dtype=kind)
        for number, column, rank in terms:
            values[:, number], ranks[:, number] = column, rank
        width = columns[reads[-1]].size if len(reads) > 1 else 1
        gathers.append(_Gather(tuple(place[key] for key in reads), width, values, ranks))
    return tuple(meanings), tuple(gathers)


class BulkScorer:
    """Several compiled models over Arrow batches, with the largest contributions of every row.

    Parameters
    ----------
    models : mapping of str to AdditiveTables
        Name of the model, which its columns begin with, to its tables.
    reasons : int, default=3
        Contributions told per row and model: the largest by absolute value first, of equals that of the term that comes first; 0 is never told.
        What is the same for every row (the level) is in the score and no reason to tell one row from another.

    Examples
    --------
    >>> import pyarrow as pa
    >>> from models.additive import AdditiveTables, Term
    >>> from models.additive.bulk import BulkScorer
    >>> source = Term("source", "source", False, categories={"展会": 0.5}, missing=-0.25)
    >>> scorer = BulkScorer({"landing": AdditiveTables(-1.0, [source])}, reasons=1)
    >>> scorer.score(pa.record_batch({"source": ["展会", None, "以商"]})).to_pylist()[0]
    {'landing_score': -0.5, 'landing_reason_1': 'source', 'landing_contribution_1': 0.5}
    """

    def __init__(self, models: Mapping[str, AdditiveTables], reasons: int = 3) -> None:
        if reasons < 0:
            raise ValueError("reasons must not be negative")
        models = {name: tables.folded() for name, tables in models.items()}
        columns = _columns_of(models.values())
        self._columns = tuple(columns.values())
        self._models, self._gathers = _laid_out(models, columns)
        self._reasons = reasons
        self.features = list(dict.fromkeys(f for tables in models.values() for f in tables.features))

    @property
    def schema(self) -> pa.Schema:
        """Columns that come out: per model the score and, for each place, the name of the term and its contribution."""
        fields = []
        for model in self._models:
            fields.append(pa.field(f"{model.name}_score", pa.float64()))
            for place in range(1, self._reasons + 1):
                fields.append(pa.field(f"{model.name}_reason_{place}", pa.dictionary(pa.int16(), pa.string())))
                number = pa.dictionary(pa.from_numpy_dtype(model.value_of.dtype), pa.float64())
                fields.append(pa.field(f"{model.name}_contribution_{place}", number))
        return pa.schema(fields)

    def score(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Scores and reasons of the rows of ``batch``, in their order.

        Raises
        ------
        ValueError
            A feature is not among the columns, or a column that is read as a number holds something else.
        """
        absent = [f for f in self.features if f not in batch.schema.names]
        if absent:
            raise ValueError(f"columns are missing: {absent}")
        codes = [c.codes(batch.column(c.name)) for c in self._columns]
        scores, places = self._gathered(codes, len(batch))
        arrays: list[pa.Array] = []
        for at, model in enumerate(self._models):
            arrays.append(pa.array(scores[:, at].copy()))
            terms, values = pa.array(model.terms, pa.string()), pa.array(model.distinct)
            for ranks in places:
                rank = ranks[:, at].astype(np.intp)
                none = rank == 0
                mask = none if none.any() else None
                for table, words in ((model.term_of, terms), (model.value_of, values)):
                    arrays.append(pa.DictionaryArray.from_arrays(pa.array(np.take(table, rank), mask=mask), words))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _gathered(self, codes: Sequence[Codes], rows: int) -> tuple[Floats, list[npt.NDArray[Any]]]:
        """Score of every row and model, and the ranks of the largest contributions, largest first."""
        models = len(self._models)
        kind = self._gathers[0].ranks.dtype if self._gathers else np.dtype(np.int16)
        scores = np.tile(np.array([m.intercept for m in self._models]), (rows, 1))
        best = [np.zeros((rows, models), dtype=kind) for _ in range(self._reasons)]
        value, rank, lower = (np.empty((CHUNK, models), dtype=d) for d in (np.float64, kind, kind))
        for start in range(0, rows, CHUNK):
            part = slice(start, min(start + CHUNK, rows))
            size = part.stop - part.start
            score, places = scores[part], [place[part] for place in best]
            for gather in self._gathers:
                at = codes[gather.columns[0]][part]
                if len(gather.columns) > 1:
                    at = at * gather.width + codes[gather.columns[1]][part]
                score += np.take(gather.values, at, axis=0, out=value[:size], mode="clip")
                if not places:
                    continue
                new, spare = np.take(gather.ranks, at, axis=0, out=rank[:size], mode="clip"), lower[:size]
                for place in places:
                    np.minimum(place, new, out=spare)
                    np.maximum(place, new, out=place)
                    new, spare = spare, new
        return scores, best


def score_parquet(
    source: Path,
    target: Path,
    scorer: BulkScorer,
    keys: Sequence[str],
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Score a Parquet file into another: the ``keys`` of every row, scores and reasons; give the number of rows.

    Rows stay in their order. Only a few batches are in memory at a time. The target appears when it is whole. ``progress`` is called with rows done
    and rows in all.

    Raises
    ------
    ValueError
        A key or a feature is not among the columns.
    """
    with pq.ParquetFile(source) as file:
        held, total, groups = file.schema_arrow, file.metadata.num_rows, file.num_row_groups
    columns = list(dict.fromkeys([*keys, *scorer.features]))
    absent = [c for c in columns if c not in held.names]
    if absent:
        raise ValueError(f"columns are missing: {absent}")
    text = [c for c in scorer.features if c not in keys and pa.types.is_string(held.field(c).type)]
    schema = pa.schema([*(held.field(k) for k in keys), *scorer.schema])
    workers = threads or os.cpu_count() or 1

    def scored(group: int) -> pa.Table:
        found = []
        # A reader of its own: Parquet readers are not made for several threads.
        with pq.ParquetFile(source, read_dictionary=text) as file:
            for batch in file.iter_batches(BATCH, row_groups=[group], columns=columns, use_threads=False):
                told = [batch.column(k) for k in keys] + scorer.score(batch).columns
                found.append(pa.RecordBatch.from_arrays(told, schema=schema))
        return pa.Table.from_batches(found, schema)

    done, half = 0, target.with_name(target.name + ".part")
    try:
        # Scores are nearly all different: a dictionary of them would be built for nothing.
        few = [f.name for f in schema if f.name in keys or pa.types.is_dictionary(f.type)]
        with (
            pq.ParquetWriter(half, schema, compression="snappy", use_dictionary=few) as writer,
            ThreadPoolExecutor(workers) as pool,
        ):
            for table in _ahead(pool, scored, range(groups), workers + 1):
                writer.write_table(table)
                done += len(table)
                if progress:
                    progress(done, total)
        half.replace(target)
    finally:
        half.unlink(missing_ok=True)
    return done


def _ahead(
    pool: ThreadPoolExecutor, work: Callable[[int], pa.Table], over: Iterable[int], most: int
) -> Iterator[pa.Table]:
    """Results in order, with at most ``most`` of them under way or waiting."""
    rest, waiting = iter(over), deque[Future[pa.Table]]()
    waiting.extend(pool.submit(work, item) for item in islice(rest, most))
    while waiting:
        yield waiting.popleft().result()
        waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
