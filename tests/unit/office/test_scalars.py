"""Single settings: found by their path, written back without a change to anything else of the file."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from office import DEFAULTS
from office.scalars import LEFT_OUT, day_text, number_text, read_typed, settings_in, with_values
from office.workbook import SINGLE

FILES = [name for name in SINGLE if (DEFAULTS / name).is_file()]
ALL = [(name, setting) for name in FILES for setting in settings_in((DEFAULTS / name).read_text(encoding="utf-8"))]
WORD = st.text(alphabet="一词:#'\"[]{}&*!|>%@`?-0 1.eEnulyo,，、\\", min_size=1, max_size=8).map(str.strip)


def at(content: Any, path: str) -> Any:
    """Return what a path names in a parsed file: positions of lists count from 1."""
    for step in path.split("."):
        if isinstance(content, list):
            content = content[int(step) - 1]
        else:
            content = (
                content[next(key for key in content if str(key).lower() == step)]
                if step not in content
                else content[step]
            )
    return content


@pytest.mark.parametrize("name", FILES)
def test_every_value_of_a_file_is_there_or_left_out_on_purpose(name: str) -> None:
    text = (DEFAULTS / name).read_text(encoding="utf-8")
    content = yaml.safe_load(text)
    found = settings_in(text)
    for setting in found:
        value = at(content, setting.path)
        words = value if isinstance(value, list) else [value]
        shown = ["null" if word is None and setting.kind == "list" else word for word in words]
        texts = [number_text(w) if isinstance(w, int | float) and not isinstance(w, bool) else str(w) for w in shown]
        assert setting.text.lower() == "、".join("" if text == "None" else text for text in texts).lower()

    def leaves(node: Any) -> int:
        if isinstance(node, dict):
            return sum(leaves(value) for key, value in node.items() if key not in LEFT_OUT)
        if isinstance(node, list) and any(isinstance(item, dict | list) for item in node):
            return sum(leaves(item) for item in node)
        return 1

    block_lists = sum(len(at(content, p)) - 1 for p in {s.path.rpartition(".")[0] for s in found if s.path[-1].isdigit()}
                      if isinstance(at(content, p), list) and not isinstance(at(content, p)[0], dict | list))  # fmt: skip
    empty = sum(
        line.rstrip().endswith(":") for line in text.splitlines() if line.strip() in ("is_foreign:", "chain_id:")
    )
    assert len(found) == leaves(content) + block_lists - empty


def test_most_settings_say_what_they_are_in_chinese() -> None:
    said = [setting for _, setting in ALL if any("一" <= letter <= "龥" for letter in setting.note)]
    assert len(said) > 0.6 * len(ALL) > 100


@given(st.sampled_from(ALL), WORD, st.integers(-10_000, 10_000), st.sampled_from(["2027-02-03", "2030-12-31"]))
@settings(max_examples=60)
def test_another_value_changes_its_own_slice_only(case: tuple[str, Any], word: str, number: int, day: str) -> None:
    name, setting = case
    text = (DEFAULTS / name).read_text(encoding="utf-8")
    typed = {
        "text": word or "词", "number": str(number / 8), "day": day, "yes_no": "否", "nothing": str(number),
        "list": f"{number}、7" if setting.is_numeric else "，".join([*(w for w in word.split("、") if w), "词"]),
    }[setting.kind]  # fmt: skip
    value = read_typed(setting, typed)
    after = with_values(text, {setting.path: value})
    assert after[: setting.start] == text[: setting.start]
    assert after.endswith(text[setting.end :])
    others = {s.path: s.text for s in settings_in(text) if s.path != setting.path}
    again = {s.path: s.text for s in settings_in(after)}
    assert {path: again[path] for path in others} == others and again[setting.path] == value
    written = at(yaml.safe_load(after), setting.path)
    if setting.kind == "text":
        assert written == typed
    elif setting.kind in ("number", "nothing"):
        assert written == float(typed)


def test_many_values_at_once_leave_every_comment(tmp_path: Path) -> None:
    text = (DEFAULTS / "desk.yaml").read_text(encoding="utf-8")
    numbers = {s.path: str(int(s.text) + 1) for s in settings_in(text) if s.kind == "number"}
    after = with_values(text, numbers)
    changed = [line for line in difflib.ndiff(text.splitlines(), after.splitlines()) if line[:2] == "+ "]
    assert len(changed) == len(numbers)
    assert [line.partition("#")[2] for line in text.splitlines()] == [
        line.partition("#")[2] for line in after.splitlines()
    ]


@pytest.mark.parametrize(
    ("source", "path", "typed", "expected"),
    [
        ("a: 'it''s' # x\n", "a", "we're", "a: 'we''re' # x\n"),
        ('a: "x"\n', "a", '说"是"', 'a: "说\\"是\\""\n'),
        ("a: 是  # 注\nb: 1\n", "a", "yes", 'a: "yes"  # 注\nb: 1\n'),
        ("a: 词\n", "a", "2026-01-01", 'a: "2026-01-01"\n'),
        ("a: 词\n", "a", "有 # 号", 'a: "有 # 号"\n'),
        ("a: null # 没有\n", "a", "", "a: null # 没有\n"),
        ("a: null\n", "a", "3", "a: 3\n"),
        ("a: 3.50\n", "a", "1e2", "a: 100\n"),
        ("a: []\n", "a", "甲、乙，丙", "a: [甲, 乙, 丙]\n"),
        ("a: [甲]\n", "a", "甲、no、1", 'a: [甲, "no", "1"]\n'),
        ("a: [1, 2] # x\n", "a", "3", "a: [3] # x\n"),
        ("\ufeffa:\r\n  b: 1 # x\r\n", "a.b", "2", "\ufeffa:\r\n  b: 2 # x\r\n"),
        ("a: {b: 1, c: [x, {d: 2}]}\n", "a.c.2.d", "5", "a: {b: 1, c: [x, {d: 5}]}\n"),
    ],
)
def test_a_value_is_written_as_yaml_reads_it(source: str, path: str, typed: str, expected: str) -> None:
    setting = next(s for s in settings_in(source) if s.path == path)
    assert with_values(source, {path: read_typed(setting, typed)}) == expected


@pytest.mark.parametrize(
    ("source", "typed", "said"),
    [
        ("a: 1\n", "约三", "应为数字"),
        ("a: 1\n", "", "没有填"),
        ("a: 1.5\n", "nan", "应为数字"),
        ("a: true\n", "也许", "是 或 否"),
        ("a: 2026-01-01\n", "月底", "不是日期"),
        ("a: [1, 2]\n", "1、二", "应为数字"),
        ("a: 词\n", "", "没有填"),
    ],
)
def test_what_a_setting_can_not_be_is_said(source: str, typed: str, said: str) -> None:
    (setting,) = settings_in(source)
    with pytest.raises(ValueError, match=said):
        read_typed(setting, typed)


@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_a_number_is_written_so_that_yaml_reads_the_same(value: float) -> None:
    assert float(yaml.safe_load(number_text(value))) == value


@given(st.dates())
def test_a_day_reads_back_however_it_is_written(day: Any) -> None:
    if day.year < 1000:
        return
    y, m, d = day.year, day.month, day.day
    for written in (
        f"{y}/{m}/{d}",
        f"{y}.{m}.{d}",
        f"{y}年{m}月{d}日",
        f"{y}-{m:02}-{d:02} 00:00:00",
        f"{y}{m:02}{d:02}",
    ):
        assert day_text(written) == day.isoformat()
