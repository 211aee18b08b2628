"""Expansion: as of a day, with reasons that add up, a model where events allow it and a labelled rule where not."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from models.expansion import ExpansionModel, ExpansionSettings, Register, train_expansion
from models.expansion.evaluation import Ranking, compared, examine, verdict
from models.expansion.features import Known, firm_features
from models.expansion.pairs import Ways
from models.expansion.places import distances
from models.expansion.training import pair_frame

SETTINGS = dataclasses.replace(ExpansionSettings.load(), sampled_firms=4000)
PLACES = [
    "上海",
    "北京",
    "山东青岛",
    "山东济南",
    "江苏苏州",
    "江苏南京",
    "浙江杭州",
    "浙江宁波",
    "广东广州",
    "四川成都",
]
AS_OF = "2004-01-01"


def build_register(firms: int = 6000, seed: int = 0, rate: float = 0.02, networks: str = "银行") -> Register:
    """An invented register: 物流 firms and large ones move more, whoever moved moves again, mostly to the home's sister city."""
    rng = np.random.default_rng(seed)
    start, end = pd.Timestamp("1994-01-01"), pd.Timestamp("2004-12-31")
    day = start + pd.to_timedelta(rng.integers(0, (end - start).days, firms), unit="D")
    place = rng.integers(0, len(PLACES), firms)
    trade = rng.choice(["物流", "贸易", "食品", "银行"], firms, p=[0.2, 0.4, 0.35, 0.05])
    capital = np.exp(rng.normal(5, 1.5, firms))
    name = [f"{chr(0x5000 + i // 90)}{chr(0x6000 + i % 90)}{t}" for i, t in enumerate(trade)]
    branches: list[tuple[int, pd.Timestamp, int]] = []
    for i in range(firms):
        odds = rate * (4 if trade[i] == "物流" else 1) * (3 if capital[i] > 600 else 0.5)
        moved = 0
        for year in range(max(day[i].year, 1996), 2005):
            if rng.random() < min(0.9, odds * (1 if moved == 0 else 6)):
                moved += 1
                to = (place[i] + 1) % len(PLACES) if rng.random() < 0.6 else int(rng.integers(0, len(PLACES)))
                branches.append((i, pd.Timestamp(year, 1, 1) + pd.Timedelta(days=int(rng.integers(0, 365))), to))
    branches = [b for b in branches if b[1] > day[b[0]]]
    mother = np.array([b[0] for b in branches], dtype=int)
    frame = pd.DataFrame(
        {
            "firm_id": [f"91{i:016d}" for i in range(firms + len(branches))],
            "written_name": [f"{n}有限公司" for n in name]
            + [f"{name[m]}有限公司第{i}分公司" for i, m in enumerate(mother)],
            "core_name": name + [name[m] for m in mother],
            "named_city": None,
            "named_province": None,
            "is_named_branch": [False] * firms + [True] * len(branches),
            "is_group": False,
            "is_shares": False,
            "established_date": [*day, *(b[1] for b in branches)],
            "place": [PLACES[p] for p in place] + [PLACES[b[2]] for b in branches],
            "capital_wan_cny": [*capital, *([np.nan] * len(branches))],
            "capital_currency": "CNY",
        }
    )
    frame["province_name"] = frame["place"].str[:2]
    frame["_old"] = np.arange(len(frame))
    frame = frame.sort_values(["established_date", "_old"], kind="stable").reset_index(drop=True)
    row = np.empty(len(frame), dtype=int)
    row[frame.pop("_old").to_numpy()] = np.arange(len(frame))
    moves = pd.DataFrame(
        {"firm": row[mother], "branch": row[firms + np.arange(len(branches))], "date": [b[1] for b in branches]}
    )
    moves = moves.assign(known_date=moves["date"], place=frame["place"].to_numpy()[moves["branch"].to_numpy()])
    return Register(frame, moves, networks)


def known_by(register: Register, day: str) -> Register:
    """The same register as it was on a day: rows are oldest first, so row numbers stay."""
    firms = register.firms[register.firms["established_date"] < day]
    moves = register.moves[register.moves["known_date"] < day].reset_index(drop=True)
    return Register(firms, moves, register.networks)


@pytest.fixture(scope="module")
def register() -> Register:
    return build_register()


@pytest.fixture(scope="module")
def model(register: Register) -> ExpansionModel:
    return train_expansion(register, AS_OF, SETTINGS)


@pytest.fixture(scope="module")
def known(register: Register) -> Known:
    return Known(register, np.datetime64(AS_OF))


@pytest.fixture(scope="module")
def frame(known: Known) -> pd.DataFrame:
    return firm_features(known, distances(known.register.place[1]))


@pytest.fixture(scope="module")
def ways(known: Known) -> Ways:
    return Ways(known, distances(known.register.place[1]))


def pairs_of(ways: Ways, frame: pd.DataFrame, place: int) -> pd.DataFrame:
    firm = ways.known.population
    return pair_frame(ways, firm, np.full(len(firm), place), frame)


def test_who_moved_before_and_the_planted_trade_are_found_among_those_to_come(
    model: ExpansionModel, known: Known, frame: pd.DataFrame
) -> None:
    assert model.kind == "model" and model.report["reasons"] == []
    y = np.isin(known.population, known.outcomes()["firm"]).astype(float)
    ours, new = model.score("propensity", frame), (frame["away_cities"] == 0).to_numpy()
    capital = frame["capital_wan_cny"].to_numpy()
    for rows in (np.ones(len(y), dtype=bool), new):
        found, simple = (Ranking(s[rows], y[rows]).metrics(200) for s in (ours, capital))
        assert found["auc"] > simple["auc"] and found["hits_200"] > simple["hits_200"]
    assert (1 / (1 + np.exp(-ours))).sum() == pytest.approx(y.sum(), rel=0.35)
    json.dumps(model.report, ensure_ascii=False, allow_nan=False)


def test_the_affinity_finds_the_way_that_most_go(model: ExpansionModel, ways: Ways, frame: pd.DataFrame) -> None:
    known, register = ways.known, ways.known.register
    outcomes, p = known.outcomes(), model.score("propensity", frame)
    hits = plain = 0.0
    for place in range(0, len(register.place[1]), 2):
        outside = register.place[0][known.population] != place
        y = np.isin(known.population, outcomes.loc[outcomes["place"] == place, "firm"])[outside].astype(float)
        order = model.order(p, model.score("affinity", pairs_of(ways, frame, place)))
        hits += Ranking(order[outside], y).metrics(50)["hits_50"]
        plain += Ranking(p[outside], y).metrics(50)["hits_50"]
    assert hits > plain


def test_reasons_add_up_to_the_score_bit_for_bit(model: ExpansionModel, ways: Ways, frame: pd.DataFrame) -> None:
    pairs = pairs_of(ways, frame, 3)
    scores, sums = [], []
    for name, rows in (("propensity", frame), ("affinity", pairs)):
        scores.append(model.score(name, rows))
        reasons = model.contributions(name, rows)
        shuffled = reasons[np.random.default_rng(1).permutation(reasons.columns)]
        for table in (reasons, shuffled):
            assert (table.sum(axis=1).to_numpy() == scores[-1]).all()
        sums.append(reasons)
    together = pd.concat([sums[0], sums[1] * SETTINGS.affinity_weight], axis=1).sum(axis=1).to_numpy()
    assert (together == model.order(scores[0], scores[1])).all()


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.long
def test_later_facts_change_no_feature_and_no_table(seed: int) -> None:
    whole = build_register(firms=1500, seed=seed, rate=0.05)
    then = known_by(whole, AS_OF)
    assert len(then.firms) < len(whole.firms) and len(then.moves) < len(whole.moves)
    day = np.datetime64(AS_OF)
    frames, ways = [], []
    for register in (whole, then):
        known = Known(register, day)
        distance = distances(register.place[1])
        frames.append(firm_features(known, distance))
        firm = known.population[:300]
        ways.append(Ways(known, distance).features(firm, np.arange(len(firm)) % len(PLACES)))
    pd.testing.assert_frame_equal(*frames)
    pd.testing.assert_frame_equal(*ways)
    tables = [train_expansion(register, AS_OF, SETTINGS).tables for register in (whole, then)]
    assert tables[0].to_csv() == tables[1].to_csv()


def test_counts_are_those_of_a_plain_recount(known: Known, frame: pd.DataFrame) -> None:
    register, day = known.register, pd.Timestamp(AS_OF)
    at = register.firms["place"].to_numpy()
    for row, firm in list(enumerate(known.population))[::37]:
        own = register.moves[(register.moves["firm"] == firm) & (register.moves["date"] < day)]
        away = own[at[own["branch"].to_numpy()] != at[firm]]
        assert frame["away_count"][row] == len(away)
        assert frame["away_cities"][row] == away["place"].nunique()
        assert frame["away_1y"][row] == (day - away["date"] <= pd.Timedelta(days=365)).sum()
        assert frame["local_count"][row] == len(own) - len(away)


def test_networks_and_branches_are_no_prospects(known: Known) -> None:
    names = known.register.firms["written_name"].to_numpy()[known.population]
    assert not any("银行" in n or n.endswith("分公司") for n in names)


@pytest.mark.parametrize("moves", [0, 12])
def test_too_few_events_give_the_rule_and_say_so(register: Register, moves: int) -> None:
    few = Register(register.firms, register.moves.iloc[:moves], register.networks)
    model = train_expansion(few, AS_OF, SETTINGS)
    assert model.kind == "rule" and model.report["label"] == "规则估计" and model.report["reasons"]
    frame = firm_features(Known(few, np.datetime64(AS_OF)), distances(few.place[1]))
    score = model.score("propensity", frame)
    assert (model.contributions("propensity", frame).sum(axis=1).to_numpy() == score).all()
    assert (model.score("affinity", frame) == 0).all()


@pytest.mark.parametrize("since", ["2003-06-01", "2004-02-01"])
def test_a_young_register_gives_the_rule(register: Register, since: str) -> None:
    """Rows of the last months only, or none before the day: nothing to learn from, and a word for it."""
    firms = register.firms[register.firms["established_date"] >= since].reset_index(drop=True)
    model = train_expansion(Register(firms, register.moves.iloc[:0], register.networks), AS_OF, SETTINGS)
    assert model.kind == "rule" and model.report["reasons"]


def test_a_model_no_better_than_chance_is_refused_for_every_reason() -> None:
    rng = np.random.default_rng(3)
    y = (rng.random(3000) < 0.05).astype(float)
    weight = np.where(y == 1, 1.0, 10.0)
    told = rng.normal(size=len(y)) + 3 * y
    base = float(np.average(y, weights=weight))
    blind = verdict(examine(y, weight, rng.normal(size=len(y)), told, base))
    assert len(blind) == 3
    level = float(np.log(base / (1 - base)))
    found = examine(y, weight, 2 * told + level - 5, rng.normal(size=len(y)), base)
    assert verdict(found) == [], found


ROWS = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=4, max_size=40)


@settings(max_examples=100, deadline=None)
@given(ROWS)
def test_metrics_are_those_of_scikit_learn(rows: list[tuple[int, bool, int]]) -> None:
    score, y, weight = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    if not 0 < weight @ y < weight.sum():
        return
    found = Ranking(score, y).metrics(3, weight)
    assert found["auc"] == pytest.approx(roc_auc_score(y, score, sample_weight=weight))
    assert found["ap"] == pytest.approx(average_precision_score(y, score, sample_weight=weight))
    assert Ranking(score, y).metrics(len(y))[f"hits_{len(y)}"] == pytest.approx(y.sum())


def test_an_order_compared_with_itself_is_not_behind() -> None:
    rng = np.random.default_rng(0)
    score, y = rng.normal(size=500), (rng.random(500) < 0.1).astype(float)
    found = compared({"a": Ranking(score, y), "b": Ranking(score, y)}, 50, resamples=20)
    assert found["b"]["ap_behind_first"] == [0.0, 0.0]
    low, high = found["a"]["hits_50_interval"]
    assert low <= found["a"]["hits_50"] <= high


def test_settings_refuse_what_would_break_exact_sums() -> None:
    import yaml

    from models.expansion.settings import FOLDER

    content = yaml.safe_load((FOLDER / "settings.yaml").read_text("utf-8"))
    rules = yaml.safe_load((FOLDER / "rules.yaml").read_text("utf-8"))
    with pytest.raises(ValueError, match="affinity_weight"):
        ExpansionSettings.from_mapping({**content, "affinity_weight": 0.7}, rules)
    with pytest.raises(ValueError, match="undated"):
        ExpansionSettings.from_mapping({**content, "undated": ["status"]}, rules)
    with pytest.raises(ValueError, match="缺少"):
        ExpansionSettings.from_mapping({k: v for k, v in content.items() if k != "stiffness"}, rules)
