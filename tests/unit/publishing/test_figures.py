"""A surface reads what it declares and nothing else; boards are found by questions and by search."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from publishing import boards
from publishing.boards import all_boards, boards_of, found_boards, questions, read_boards
from publishing.figures import Reading, read_frames, shown, stems

TASKS = Reading(
    "某页", "任务", "task_progress",
    (shown("完成率", "completion_pct", write=lambda value: f"{value:.1f}%"), shown("欠账", "arrears_value", "measure")),
    ("unit_name",),
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "boards").mkdir()
    table = {
        "unit_name": ["甲镇", "乙镇"],
        "completion_pct": [25.0, 50.0],
        "measure": ["个", "个"],
        "target_text": ["4个", "2个"],
    }
    pq.write_table(pa.table(table), tmp_path / "boards/task_progress.parquet")
    return tmp_path


def test_only_declared_columns_are_read_and_what_a_list_lacks_is_null(folder: Path) -> None:
    rows = TASKS.rows(folder, [("unit_name", "=", "乙镇")])
    assert rows == [{"unit_name": "乙镇", "completion_pct": 50.0, "measure": "个", "arrears_value": None}]
    assert TASKS.narrowed([{"unit_name": "甲镇", "other": 1}])[0].keys() == {*TASKS.columns}
    whole = Reading("某页", "整行", "task_progress")
    assert whole.is_whole and whole.rows(folder)[0].keys() == {"unit_name", "completion_pct", "measure", "target_text"}
    assert Reading("某页", "没有的", "task_district", (shown("任务", "target_text"),)).rows(folder) == []


def test_a_document_is_not_made_of_a_list_that_lacks_a_column(folder: Path) -> None:
    with pytest.raises(ValueError, match="没有“任务进度与欠账”，或缺其中的列"):
        read_frames(folder, [TASKS])
    shorter = Reading("某材料", "任务", "task_progress", (shown("完成率", "completion_pct"),))
    other = Reading("某材料", "单位", "task_progress", (), ("unit_name",))
    frames = read_frames(folder, [shorter, other])
    assert list(frames) == stems([shorter, other]) == ["brd_task__progress"]
    assert list(frames["brd_task__progress"]) == ["completion_pct", "unit_name"]


def test_a_sheet_has_a_column_each_figure_in_its_own_words() -> None:
    rows = pd.DataFrame({"unit_name": ["甲镇"], "completion_pct": [25.0], "arrears_value": [1.5], "measure": ["个"]})
    assert TASKS.sheet(rows).to_dict("records") == [{"完成率": "25.0%", "欠账": (1.5, "个")}]


def test_every_board_with_a_page_answers_one_question_and_main_ones_stand_first() -> None:
    assert len(questions()) <= boards.MOST_QUESTIONS
    answered = [board for question in questions() for board in boards_of(question)]
    assert sorted(board.name for board in answered) == sorted(board.name for board in all_boards() if board.is_page)
    for question in questions():
        assert tuple(board.name for board in boards_of(question))[: len(question.main)] == question.main


@given(st.sampled_from([board for board in all_boards() if board.is_page]), st.data())
def test_a_search_finds_a_board_by_any_piece_of_its_title_and_columns(board: boards.Board, data: st.DataObject) -> None:
    title = data.draw(st.sampled_from([board.title, *(column.title for column in board.columns)]))
    start = data.draw(st.integers(0, len(title) - 1))
    words = title[start : data.draw(st.integers(start + 1, len(title)))].split()
    if words:
        assert board in found_boards(" ".join(words))
    assert found_boards("") == [] and found_boards(f"{title} 没有这样的词") == []


def test_a_board_without_a_question_or_a_part_with_one_is_named() -> None:
    entry = {"name": "x", "export": "boards/brd_x", "title": "某", "grain": "", "caliber": "", "source": "", "unit": "",
             "rows": "shared", "columns": [{"name": "a", "title": "甲", "kind": "text"}]}  # fmt: skip
    for more in ({"use": "board"}, {"use": "part", "question": "owes"}):
        with pytest.raises(ValueError, match="x：成页的看板须写明 question"):
            read_boards([("某.yaml", {"section": "某", "position": 1, "tables": [entry | more]})])
