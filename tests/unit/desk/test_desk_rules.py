"""The row predicate in its three forms, the rules file, the catalogue of boards, and drawn bars that add up."""

from __future__ import annotations

import copy
import datetime as dt
import re

import pyarrow as pa
import pytest
import sqlalchemy as sa
import yaml
from hypothesis import given
from hypothesis import strategies as st

from desk import rules
from desk.access import EVERYTHING, ROLES, Reach, Viewer, masked_phone, units_of
from desk.guards import same_site_path
from desk.listing import next_step
from office import settings_file
from publishing import boards
from publishing.charts import reason_bars

UNITS = st.sampled_from(["甲", "乙", "丙", "", "甲'镇"])


@given(st.sets(UNITS), st.lists(st.none() | UNITS, min_size=1), st.booleans())
def test_the_three_forms_of_the_predicate_agree(units: set[str], column: list[str | None], everything: bool) -> None:
    reach = EVERYTHING if everything else Reach(frozenset(units))
    one_by_one = [reach.covers(unit) for unit in column]
    assert reach.mask(pa.array(column, pa.string())).to_pylist() == one_by_one
    table = sa.Table("t", sa.MetaData(), sa.Column("at", sa.Integer), sa.Column("unit", sa.String))
    engine = sa.create_engine("sqlite://")
    with engine.begin() as connection:
        table.create(connection)
        connection.execute(sa.insert(table), [{"at": at, "unit": unit} for at, unit in enumerate(column)])
        found = set(connection.scalars(sa.select(table.c.at).where(reach.clause(table.c.unit))))
    assert found == {at for at, yes in enumerate(one_by_one) if yes}


def test_what_each_role_reaches() -> None:
    def viewer(role: str) -> Viewer:
        return Viewer(1, "x", "x", role, "甲", units_of(role, "甲", {"甲": None, "乙": "甲", "丙": None}))

    reached = {
        role: {
            kind: [u for u in "甲乙丙" if viewer(role).reach(kind).covers(u)] for kind in ("detail", "private", "write")
        }  # type: ignore[arg-type]
        for role in ROLES
    }
    own, below, everyone, nobody = ["甲"], ["甲", "乙"], ["甲", "乙", "丙"], []
    assert reached == {
        "recruiter": {"detail": own, "private": own, "write": own},
        "unit_head": {"detail": below, "private": below, "write": below},
        "leader": {"detail": everyone, "private": nobody, "write": nobody},
        "analyst": {"detail": everyone, "private": nobody, "write": nobody},
        "admin": {"detail": nobody, "private": nobody, "write": nobody},
    }


@given(st.text(alphabet="0123456789-+ ", min_size=6, max_size=20))
def test_a_masked_phone_never_shows_more_than_seven_digits(phone: str) -> None:
    assert sum(c.isdigit() for c in masked_phone(phone)) <= 7


def test_a_wrong_rule_is_named() -> None:
    content = yaml.safe_load(settings_file("desk.yaml").read_text(encoding="utf-8"))
    assert rules.read_rules(content).limits.reveals_a_day > 0
    for path, wrong in ((("limits", "undo_minutes"), 0), (("limits", "rows_a_page"), "两页")):
        broken = copy.deepcopy(content)
        broken[path[0]][path[1]] = wrong
        with pytest.raises(ValueError, match=f"{path[0]}.{path[1]}"):
            rules.read_rules(broken)


def test_a_limit_that_is_missing_or_unknown_is_named() -> None:
    content = yaml.safe_load(settings_file("desk.yaml").read_text(encoding="utf-8"))
    for name in content["limits"]:
        limits = {other: value for other, value in content["limits"].items() if other != name}
        with pytest.raises(ValueError, match=f"limits.{name}"):
            rules.read_rules({**content, "limits": limits})
    with pytest.raises(ValueError, match=r"limits\.unknown"):
        rules.read_rules({**content, "limits": {**content["limits"], "unknown": 1}})


def test_a_wrong_board_is_named() -> None:
    board = {"name": "x", "export": "marts/x", "use": "board", "title": "x", "grain": "x", "caliber": "x", "source": "x", "unit": "", "rows": "reach"}  # fmt: skip
    for wrong, named in ((board, "columns"), ({**board, "use": "lead"}, "unit"), ({**board, "use": "page"}, "use")):
        with pytest.raises(ValueError, match=f"of.yaml.*{named}"):
            boards.read_boards([("of.yaml", {"section": "线索", "position": 1, "tables": [wrong]})])
    right = {"section": "线索", "position": 1, "tables": [{**board, "use": "lead", "rows": "shared"}]}
    with pytest.raises(ValueError, match="重复"):
        boards.read_boards([("a.yaml", right), ("b.yaml", right)])
    assert boards.board_named("../manifest") is None


@given(
    st.lists(st.floats(-20, 20).map(lambda x: round(x, 1)), max_size=12), st.floats(250, 290).map(lambda x: round(x, 1))
)
def test_bars_begin_where_the_one_before_ended_and_end_at_the_score(points: list[float], base: float) -> None:
    reasons = [
        {"part": "landing", "term": f"t{n}", "label": "<b>", "value": None, "points": p} for n, p in enumerate(points)
    ]
    drawn = reason_bars(
        [*reasons, {"part": "fit", "term": "base", "label": "基准", "value": None, "points": base}], base + sum(points)
    )
    assert "<b>" not in drawn
    shown = [float(x) for x in re.findall(r'class="points">([+-]\d+\.\d)<', drawn)]
    total = float(re.findall(r'class="points">(-?\d+\.\d)<', drawn)[-1])
    assert sum(shown) == pytest.approx(total, abs=0.06 * (len(points) + 2))


@given(st.text(max_size=30))
def test_nothing_leads_off_this_site_after_signing_in(address: str) -> None:
    for given_ in (address, "/" + address, "//" + address, "/\\" + address):
        path = same_site_path(given_)
        assert path.startswith("/") and not path.startswith(("//", "/\\")) and "\n" not in path


def test_the_next_step_says_late_where_the_board_does_and_nowhere_else() -> None:
    day = dt.date(2026, 6, 30)

    def told(last: int | None, overdue_days: int | None) -> str:
        fact = {"last_follow_up_date": None if last is None else day - dt.timedelta(days=last)}
        return next_step(fact, None if overdue_days is None else {"overdue_days": overdue_days}, day)

    assert told(None, None) == "首次联系"
    assert told(None, 3) == "首次联系，超期 3 天"
    assert told(90, None) == "按计划推进（90 天前联系过）"  # signed: no rule asks for a contact
    assert told(15, 1) == "回访（15 天未联系，超期 1 天）"
