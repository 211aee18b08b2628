"""Why a score and a rank moved between two lists (名单变动): recomputed step by step, so that the parts sum to the change.

Belongs here: the scores between the steps, the places gained at each, what is said of them. Does not belong here: which list
came before and where its inputs are kept (orchestration), tables of models (``additive``), what the ledgers brought (``intake``).

From the list before to the list of today one thing is replaced after another, always in the same order: the program, the
days that passed, the facts, the shapes of the models (retrained tables), the level, the weights. Each step is scored anew for
every lead; see docs/decisions/0067.
"""

from __future__ import annotations

import bisect
import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.additive.tables import AdditiveTables
from models.ranking.ranking import UNITS, Floats, score_units, tax_wan_cny
from models.ranking.weights import PARTS, RankingWeights

# The steps in the order in which they are taken; `others` is what other leads' facts do to a rank.
POINT_STEPS: Final = ("program", "days", "facts", "shapes", "level", "weights")
PLACE_STEPS: Final = ("program", "days", "facts", "others", "shapes", "level", "weights", "left", "came")
STEP_WORDS: Final = {
    "program": "程序更新", "days": "时间推移", "facts": "资料变动", "others": "其他线索变动", "shapes": "模型重新训练",
    "level": "总体水平调整", "weights": "权重与打分规则调整", "left": "其他线索退出", "came": "其他线索加入",
}  # fmt: skip
OWN_ROWS, RELATED, LEFT, NEW, AGAIN, SAME = "资料变动", "相关数据变动", "退出名单", "新上名单", "重新参加排序", "未变"
LISTED: Final = "其他线索进出"
CHANGE_COLUMNS: Final = [
    "lead_id", "project_name", "unit_name", "cause", "rank_before", "rank_now", "rank_gain", "score_before", "score_now",
    "score_change", *(f"{step}_points" for step in POINT_STEPS), *(f"{step}_places" for step in PLACE_STEPS),
    "facts_text", "rows_text", "why_text", "is_own",
]  # fmt: skip
MOST_VALUES: Final = 3
NO_TABLES: Final = AdditiveTables(0.0, [])  # of a part that has none nothing is scored, and nobody is ranked
NODE_TERM: Final = "gap_class"  # its words name the node
LONGEST_VALUE: Final = 20
_WINDOW: Final = re.compile(r"_\d+d$")


@dataclass(frozen=True)
class Told:
    """What a list was made from: its leads, every contribution in words, its tables by part, the points of fit, the weights.

    ``leads`` holds ``lead_id, project_name, unit_name, stage, rank, score, excluded_reason, landing_logit, tax_log, chain_fit``;
    ``reasons`` holds ``lead_id, part, term, feature, value_text, contribution, level_label, label, value``, zero ones too;
    ``fit_points`` is points by (component, level).
    """

    as_of_date: Any
    leads: pd.DataFrame
    reasons: pd.DataFrame
    tables: Mapping[str, AdditiveTables]
    fit_points: Mapping[tuple[str, str], float]
    weights: RankingWeights


def rank_changes(before: Told, now: Told, features: pd.DataFrame, rows: Mapping[str, str]) -> pd.DataFrame:
    """Split the change of every score and rank between two lists.

    Parameters
    ----------
    before, now : Told
        The two lists.
    features : DataFrame
        Today's features, one row per lead.
    rows : mapping
        Leads with rows in the ledgers that came, were corrected or were withdrawn in between, in words.

    Returns
    -------
    DataFrame
        :data:`CHANGE_COLUMNS`, one row per lead of either list that is or was ranked. Points of all steps sum to
        ``score_change`` as decimals of four places; places of all steps sum to ``rank_gain``.
    """
    old, new = (told.leads.set_index("lead_id") for told in (before, now))
    was, is_ = (frame.index[frame["rank"].notna()] for frame in (old, new))
    both = is_.intersection(was).sort_values()
    values = _changed_values(before, now, set(rows))
    stages = _steps(before, now, features.set_index("lead_id"), both, values)
    units = {step: score_units(*_columns(frame), weights) for step, (frame, weights) in stages.items()}
    tax = {step: tax_wan_cny(_columns(frame)[1]) for step, (frame, _) in stages.items()}
    published = np.round(old.loc[both, "score"].to_numpy(dtype=float) * UNITS).astype(np.int64)
    units = {"published": published, **units}
    tax = {"published": tax["start"], **tax}
    order = ["published", "start", *POINT_STEPS[1:]]  # "start" is the list before, scored by today's program
    names = both.to_numpy(dtype=str)
    keys = {step: list(zip(-units[step], -tax[step], names, strict=True)) for step in order}
    places = {step: _places(keys[step]) for step in order}

    found = pd.DataFrame(index=both)
    for step, (start, end) in zip(POINT_STEPS, itertools.pairwise(order), strict=True):
        found[f"{step}_points"] = (units[end] - units[start]) / UNITS
        found[f"{step}_places"] = places[start] - places[end]
    # At the step of facts everybody moves at once; how far each would have moved alone is its own, the rest is the others'.
    alone = _alone(keys["days"], keys["facts"])
    found["others_places"] = alone - places["facts"]
    found["facts_places"] = places["days"] - alone
    found["left_places"] = old.loc[both, "rank"].to_numpy(dtype=np.int64) - places["published"]
    found["came_places"] = places["weights"] - new.loc[both, "rank"].to_numpy(dtype=np.int64)

    every = was.union(is_).sort_values()
    found = found.reindex(every)
    for name, frame in (("before", old), ("now", new)):
        ranked = frame[frame["rank"].notna()]
        found[f"rank_{name}"] = ranked["rank"].reindex(every).astype("Int64")
        found[f"score_{name}"] = ranked["score"].reindex(every)
    for column in ("project_name", "unit_name"):
        found[column] = new[column].reindex(every).fillna(old[column].reindex(every))
    found["rank_gain"] = found["rank_before"] - found["rank_now"]
    change = np.round((found["score_now"] - found["score_before"]) * UNITS) / UNITS
    found["score_change"] = change
    place_columns = [f"{step}_places" for step in PLACE_STEPS]
    found[place_columns] = found[place_columns].astype("Int64")
    found["facts_text"] = pd.Series(_value_texts(values, old, new), dtype=object).reindex(every)
    found["rows_text"] = pd.Series(dict(rows), dtype=object).reindex(every)
    found["cause"] = [_cause(lead, row, old) for lead, row in _by_lead(found)]
    found["is_own"] = found["cause"].isin([OWN_ROWS, RELATED, LEFT, NEW, AGAIN])
    found["why_text"] = [_why(lead, row, old, new) for lead, row in _by_lead(found)]
    found = found.rename_axis("lead_id").reset_index()
    first = np.lexsort((found["rank_before"].fillna(0), found["rank_now"].fillna(np.iinfo(np.int64).max)))
    return found.iloc[first].reset_index(drop=True)[CHANGE_COLUMNS]


def _by_lead(found: pd.DataFrame) -> list[tuple[str, dict[str, Any]]]:
    return [
        (str(lead), {str(name): value for name, value in row.items()})
        for lead, row in zip(found.index.tolist(), found.to_dict("records"), strict=True)
    ]


def _steps(
    before: Told, now: Told, features: pd.DataFrame, both: pd.Index[Any], values: pd.DataFrame
) -> dict[str, tuple[pd.DataFrame, RankingWeights]]:
    """Return the three numbers of every lead after each step, and the weights that they are scored with."""
    old, new = (told.leads.set_index("lead_id").loc[both] for told in (before, now))
    start, end = (
        frame[["landing_logit", "tax_log", "chain_fit"]].astype(float).set_axis(list(PARTS), axis=1) for frame in (old, new)
    )  # fmt: skip
    facts, shapes = start.copy(), end.copy()
    today = features.reindex(both)
    for part in ("landing", "tax"):
        tables = before.tables.get(part, NO_TABLES)
        facts[part] = tables.score(today.reindex(columns=tables.features))
        shapes[part] = end[part] - _constants(now.tables.get(part, NO_TABLES)) + _constants(tables)
    facts["fit"] = shapes["fit"] = _fit_with(_then(before, now), now.reasons, both, end["fit"])
    level = end.assign(fit=facts["fit"])
    passed = values[values["is_days"] & values["part"].isin(("landing", "tax"))]
    days = start.copy()
    for part in ("landing", "tax"):
        tables, moved = before.tables.get(part, NO_TABLES), passed[passed["part"] == part]
        added = tables.contributions(today.reindex(columns=tables.features))
        wide = moved.pivot(index="lead_id", columns="term", values="contribution").reindex(both)
        for term in wide.columns.intersection(added.columns):
            days[part] += (added[term] - wide[term]).fillna(0.0)
    frames = {"start": start, "days": days, "facts": facts, "shapes": shapes, "level": level, "weights": end}
    return {step: (frame, now.weights if step == "weights" else before.weights) for step, frame in frames.items()}


def _then(before: Told, now: Told) -> dict[tuple[str, float], float]:
    """Return what today's points of a component were at the list before, by the level that they stand for."""
    moved = {key: (points, before.fit_points.get(key, points)) for key, points in now.fit_points.items()}
    return {(component, points): then for (component, _), (points, then) in moved.items() if points != then}


def _fit_with(
    points: Mapping[tuple[str, float], float], reasons: pd.DataFrame, leads: pd.Index[Any], end: pd.Series[Any]
) -> pd.Series[Any]:
    """Return today's fit with the points that its levels had at the list before."""
    of_fit = reasons[reasons["part"] == "fit"]
    keys = zip(of_fit["term"], of_fit["contribution"], strict=True)
    then = np.array([points.get(key, key[1]) for key in keys], dtype=float)
    moved = (
        (pd.Series(then, index=of_fit["lead_id"].to_numpy()) - of_fit["contribution"].to_numpy()).groupby(level=0).sum()
    )
    found: pd.Series[Any] = (end + moved.reindex(leads).fillna(0.0)).clip(0.0, 100.0)
    return found


def _constants(tables: AdditiveTables) -> float:
    return float(sum(term.other for term in tables.terms if term.is_constant))


def _columns(frame: pd.DataFrame) -> tuple[Floats, Floats, Floats]:
    landing, tax, fit = (frame[part].to_numpy(dtype=np.float64) for part in PARTS)
    return landing, tax, fit


Key = tuple[Any, Any, str]


def _places(keys: Sequence[Key]) -> npt.NDArray[np.int64]:
    """Return the place of each key, 1 for the least."""
    places = np.empty(len(keys), dtype=np.int64)
    places[sorted(range(len(keys)), key=keys.__getitem__)] = np.arange(1, len(keys) + 1)
    return places


def _alone(start: Sequence[Key], end: Sequence[Key]) -> npt.NDArray[np.int64]:
    """Return the place of each lead if it alone had moved from its key in `start` to its key in `end`."""
    ordered = sorted(start)
    return np.array(
        [bisect.bisect_left(ordered, to) + 1 - (of < to) for of, to in zip(start, end, strict=True)], dtype=np.int64
    )


# --- values that changed -------------------------------------------------------------------------------------------


def _changed_values(before: Told, now: Told, touched: set[str]) -> pd.DataFrame:
    """Return one row per lead, part and term whose value differs, with the contribution that it had, and whether days did it."""
    keys = ["lead_id", "part", "term"]
    both = before.reasons.merge(now.reasons, on=keys, how="outer", suffixes=("", "_now"))
    # A term that only one of the models has is a matter of shapes; a lead that came to or left a node of a chain is a fact.
    both = both[(both["feature"].notna() & both["feature_now"].notna()) | (both["part"] == "fit")]
    for column in ("contribution", "contribution_now"):
        both[column] = both[column].fillna(0.0)
    both["label"] = both["label"].fillna(both["label_now"])
    # Of fit counts what it adds and the node: the number of firms behind a level moves with every firm of the register.
    of_fit = both["part"] == "fit"
    was, is_ = (both[f"value_text{end}"].fillna("") for end in ("", "_now"))
    node = both["term"].eq(NODE_TERM) & both["level_label"].fillna("").ne(both["level_label_now"].fillna(""))
    moved = (was != is_).where(~of_fit, (both["contribution"] != _then_points(before, now, both)) | node)
    changed = both[moved.to_numpy()].copy()
    days = (pd.Timestamp(now.as_of_date) - pd.Timestamp(before.as_of_date)).days
    columns = (changed[name] for name in ("feature", "value_text", "value_text_now", "lead_id"))
    by_days = [
        moves_by_days(name, then, today, days, lead in touched)
        for name, then, today, lead in zip(*columns, strict=True)
    ]
    changed["is_days"] = np.array(by_days, dtype=bool)
    return changed


def _then_points(before: Told, now: Told, reasons: pd.DataFrame) -> Floats:
    """Return today's contributions of fit with the points of the list before."""
    points = _then(before, now)
    keys = zip(reasons["term"], reasons["contribution_now"], strict=True)
    return np.array([points.get(key, key[1]) for key in keys], dtype=np.float64)


def moves_by_days(feature: str, before: Any, now: Any, days: int, is_touched: bool = False) -> bool:
    """Return whether the days that passed alone explain how a feature moved: an age grew by them, a window lost old rows.

    Examples
    --------
    >>> moves_by_days("days_since_follow_up", "3", "4", 1), moves_by_days("days_since_follow_up", "3", "0", 1)
    (True, False)
    >>> moves_by_days("follow_up_count_90d", "3", "2", 1), moves_by_days("follow_up_count_90d", "2", "3", 1)
    (True, False)
    """
    if days <= 0 or pd.isna(before) or pd.isna(now):
        return False
    try:
        step = float(now) - float(before)
    except ValueError:
        return False
    if feature.startswith("days_since_"):
        return step == days
    if feature.endswith("_years"):
        return math.isclose(step, days / 365.25, abs_tol=1e-6)
    return bool(_WINDOW.search(feature)) and step < 0 and not is_touched


def _value_texts(values: pd.DataFrame, old: pd.DataFrame, new: pd.DataFrame) -> dict[str, str]:
    """Return the values of each lead that facts changed, before and after, the weightiest first; its stage before all."""
    found: dict[str, list[str]] = {}
    stages = old[["stage"]].join(new[["stage"]], rsuffix="_now", how="inner")
    stages = stages[stages["stage"].ne(stages["stage_now"])]
    for lead, then, today in zip(
        stages.index.tolist(), *(stages[c].tolist() for c in ("stage", "stage_now")), strict=True
    ):
        found[str(lead)] = [f"阶段 {then}→{today}"]
    facts = values[~values["is_days"]].copy()
    facts["size"] = (facts["contribution_now"] - facts["contribution"]).abs()
    facts = facts.sort_values(["lead_id", "size", "part", "term"], ascending=[True, False, True, True])
    for row in facts.drop_duplicates(["lead_id", "label"]).to_dict("records"):
        was, is_ = _shown(row["value"]), _shown(row["value_now"])
        if was == is_:  # two values that read alike are told as they are kept: what a reader sees must differ
            was, is_ = str(row["value_text"]), str(row["value_text_now"])
        found.setdefault(str(row["lead_id"]), []).append(f"{row['label']} {was}→{is_}")
    return {lead: "；".join(texts[:MOST_VALUES]) for lead, texts in found.items()}


def _shown(value: Any) -> str:
    text = "暂无" if value is None or pd.isna(value) else str(value)
    return text if len(text) <= LONGEST_VALUE else text.split("：")[0]  # firms that stand behind a level are left out


# --- words ---------------------------------------------------------------------------------------------------------


def _cause(lead: str, row: Mapping[str, Any], old: pd.DataFrame) -> str:
    """Return the main cause: what happened to the lead itself, else the step that moved its rank the most."""
    if pd.isna(row["rank_now"]):
        return LEFT
    if pd.isna(row["rank_before"]):
        return AGAIN if lead in old.index else NEW
    if row["rows_text"] is not None and not pd.isna(row["rows_text"]):
        return OWN_ROWS
    if row["facts_text"] is not None and not pd.isna(row["facts_text"]):
        return RELATED
    moved = [(abs(row[f"{step}_places"]), abs(row.get(f"{step}_points") or 0.0), step) for step in PLACE_STEPS]
    places, points, step = max(moved, key=lambda found: found[:2])
    if not places and not points:
        return SAME
    return {"left": LISTED, "came": LISTED, "facts": RELATED}.get(step, STEP_WORDS[step])


def _why(lead: str, row: Mapping[str, Any], old: pd.DataFrame, new: pd.DataFrame) -> str:
    """Return the change in a sentence: every step that moved something, the own facts with their values first."""
    if row["cause"] == LEFT:
        reason = str(new.loc[lead, "excluded_reason"]) if lead in new.index else "台账中已没有这条线索"
        values = "" if pd.isna(row["facts_text"]) else f"（{row['facts_text']}）"
        return f"退出名单：{reason}{values}，此前第{row['rank_before']}名"
    if row["cause"] == NEW:
        return f"新上名单，第{row['rank_now']}名"
    if row["cause"] == AGAIN:
        return f"重新参加排序（此前：{old.loc[lead, 'excluded_reason']!s}），第{row['rank_now']}名"
    parts = []
    for step in PLACE_STEPS:
        points, places = row.get(f"{step}_points", 0.0), row[f"{step}_places"]
        is_facts = step == "facts"
        text = "" if not is_facts or pd.isna(row["facts_text"]) else str(row["facts_text"])
        if not (points or places or text or (is_facts and not pd.isna(row["rows_text"]))):
            continue
        name = STEP_WORDS[step] if not is_facts or row["cause"] == OWN_ROWS else RELATED
        effect = "、".join(_effects(points, places))
        head = f"{name}：{text}" if text else name
        parts.append((step, f"{head}（{effect}）" if effect else f"{head}（分数和名次未变）"))
    own = any(step == "facts" for step, _ in parts)
    words = [text for _, text in sorted(parts, key=lambda found: found[0] != "facts")]
    if not words:
        return "未变"
    return ("" if own else "自身资料未变；") + "；".join(words)


def _effects(points: float, places: int) -> Iterable[str]:
    if points:
        yield f"{points:+.2f}分" if abs(points) >= 0.005 else f"{points:+.4f}分"
    if places:
        yield f"{'升' if places > 0 else '降'}{abs(places)}位"
