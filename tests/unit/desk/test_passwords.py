"""Common passwords with their usual tails are refused; unrelated words are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import passwords
from desk.login import Password
from desk.passwords import plain, weakness

WORDS = sorted(word for word in plain().words)
TAILS = st.text("0123456789!@#$%^&*._-", max_size=8)


@given(st.sampled_from(WORDS), TAILS, TAILS, st.booleans(), st.integers(1, 3))
def test_a_common_word_with_any_tail_is_refused(word: str, before: str, after: str, is_title: bool, times: int) -> None:
    word = word * times
    assert weakness(before + (word.title() if is_title else word) + after, "someone", "某人")


@given(st.sampled_from(plain().runs), st.integers(6, 20), st.integers(0, 15), st.sampled_from(["", "!", "1", "abc"]))
def test_a_run_of_the_keyboard_is_refused(run: str, length: int, start: int, tail: str) -> None:
    assert weakness(run[start : start + length] + tail, "someone", "某人")


@pytest.mark.parametrize(
    "password", ["1234567890", "password12", "P@ssw0rd2026", "Admin@2026!!", "aaaaaaaaaaaa", "19880808123", "13800001234", "１２３４５６７８９０",
                 "qwertyuiop", "1q2w3e4r5t", "0987654321a", "Zhaoshang123", "woaini1314520", "招商局2026年!", "jiahead-2026-x", "甲某2026春天的风"],
)  # fmt: skip
def test_what_people_choose_is_refused(password: str) -> None:
    assert weakness(password, "jiahead", "甲某")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "a better password",
        "春天里的十七只白鹭飞过",
        "tuesday-lamp-river",
        "G7#kq2Zp!w",
        "云里看花水中望月，桥上听雨",
    ],
)
def test_unrelated_words_are_taken(password: str) -> None:
    assert weakness(password, "jiahead", "甲某") == ""


def test_what_the_desk_makes_itself_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("desk.login.hashed", lambda text: text)
    assert all(weakness(Password.one_time().text, "jiahead", "甲某") == "" for _ in range(200))


def test_a_wrong_table_is_named() -> None:
    with pytest.raises(ValueError, match=r"passwords\.yaml"):
        passwords.read_plain({"words": [["a"]], "runs": ["b"]})
