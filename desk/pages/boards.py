"""Published tables as pages (看板): any table of the catalogue, with its 口径, its day and its source; funnel, cohorts, balance and forecasts drawn.

Belongs here: one page for all boards. Does not belong here: the catalogue (publishing/boards.py), charts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter, HTTPException, Path, Query, Request
from fastapi.responses import Response
from markupsafe import Markup
from sqlalchemy.orm import Session

from desk.access import EVERYTHING
from desk.contacts import refused_firms
from desk.listing import PublishedList, firm_marks
from desk.pages.context import DeskDep, Line, ReadDep, ViewerDep, hidden_leads, list_in_use, render
from publishing import charts
from publishing.boards import Board, board_named, boards_of, found_boards, ledgers_missing, questions, read_table

router = APIRouter()
ROWS_A_PAGE = 100
DRAWN: Final[Mapping[str, Callable[[Sequence[Mapping[str, Any]]], Markup]]] = {
    "funnel_cohorts": charts.cohorts,
    "unit_balance": charts.balance,
    "funnel_slices": charts.slices,
    "signing_record": charts.foretold,
}


@router.get("/boards", summary="看板目录")
def boards(
    request: Request,
    desk: DeskDep,
    viewer: ViewerDep,
    question: Annotated[str, Query(max_length=32)] = "",
    q: Annotated[Line, Query()] = "",
) -> Response:
    """Show the questions that boards answer, the boards of one question, or those that a search finds."""
    published = list_in_use(desk)

    def there(boards: Iterable[Board]) -> list[Board]:
        return [board for board in boards if (published.snapshot.folder / board.file).exists()]

    asked = next((one for one in questions() if one.key == question), None)
    if question and asked is None:
        raise HTTPException(404)
    tiles = [(one, own) for one in questions() if (own := there(boards_of(one)))]
    return render(
        request, desk, "boards.html", viewer,
        tiles=tiles, asked=asked, boards=there(boards_of(asked)) if asked else there(found_boards(q)), q=q,
    )  # fmt: skip


def without_refused(table: pa.Table, database: Session, published: PublishedList) -> pa.Table:
    """Leave out the rows about a lead or a firm that refuses contact (拒绝联系), shown by name or not."""
    hidden, firms = hidden_leads(database, published), refused_firms(database)
    if hidden and "lead_id" in table.column_names:
        table = table.filter(pc.invert(pc.is_in(table["lead_id"], pa.array(sorted(hidden), pa.string()))))
    if firms and "enterprise_name" in table.column_names:
        names = table["enterprise_name"].to_pylist()
        codes = table["uscc"].to_pylist() if "uscc" in table.column_names else [None] * len(names)
        pairs = zip(names, codes, strict=True)
        table = table.filter(pa.array([firms.isdisjoint(firm_marks(name, code)) for name, code in pairs], pa.bool_()))
    return table


def _missing_sources(board: Board, published: PublishedList) -> list[str]:
    """Return the ledgers that a board is made of and that did not come."""
    missing = set(ledgers_missing(published.snapshot.folder))
    return [name for name in board.source.split("、") if name in missing]


@router.get("/boards/{name}", summary="看板")
def board(
    request: Request,
    desk: DeskDep,
    database: ReadDep,
    viewer: ViewerDep,
    name: Annotated[str, Path(max_length=64)],
    unit: Annotated[Line, Query()] = "",
    after: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """Show a table, by the viewer's reach where the table says so."""
    published, found = list_in_use(desk), board_named(name)
    if found is None or not found.is_page:
        raise HTTPException(404)
    table = read_table(published.snapshot.folder, name)
    if table is None:
        raise HTTPException(404, "这份名单发布时还没有这张看板")
    titles = {c.name: c.title for c in found.columns}
    table = without_refused(table, database, published)
    if found.unit:
        reach = viewer.reach("detail") if found.rows == "reach" else EVERYTHING
        table = table.filter(reach.mask(table[found.unit]))
        if unit and found.unit in {c.name for c in found.columns}:
            table = table.filter(pc.equal(table[found.unit], unit))
    choices = []
    for column_name, default in found.choose:
        column = table[column_name]
        texts = pc.if_else(column, "是", "否") if pa.types.is_boolean(column.type) else pc.cast(column, pa.string())
        options = sorted(set(texts.to_pylist()) - {None}, reverse=pa.types.is_date(column.type))
        # The default holds where nothing was asked for yet; 全部 is asked for by leaving it empty.
        asked = request.query_params
        chosen = asked.get(column_name, "" if asked or default not in options else default)
        choices.append({"name": column_name, "title": titles[column_name], "options": options, "chosen": chosen})
        if chosen:
            table = table.filter(pc.fill_null(pc.equal(texts, chosen), False))
    table = table.select([c.name for c in found.columns])
    rows = table.slice(after, ROWS_A_PAGE).to_pylist()
    more = after + ROWS_A_PAGE if table.num_rows > after + ROWS_A_PAGE else None
    return render(
        request, desk, "board.html", viewer,
        board=found, missing=_missing_sources(found, published), rows=rows, total=table.num_rows, next=more, unit=unit,
        choices=choices, chosen={c["name"]: c["chosen"] for c in choices},
        chart=DRAWN[name](table.to_pylist()) if name in DRAWN and rows else "",
        units=sorted(published.units) if found.unit else [],
    )  # fmt: skip
