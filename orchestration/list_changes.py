"""Read what today's list and the one before were made from, and what the ledgers brought in between (名单变动、晨报).

Belongs here: finding the files of both lists in the home and in the archive. Does not belong here: the split of a change
(models.rank_changes), what a row of a ledger says (intake.arrivals), how the morning page is worded (models.morning).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from intake.arrivals import KIND, arrivals
from intake.contract import load_contracts
from models.additive import from_tables, part_of
from models.morning import MORNING_COLUMNS, Between, morning_news
from models.rank_changes import CHANGE_COLUMNS, Told, rank_changes
from models.ranking import RankingWeights
from orchestration.archive import ArchivedList, code_hash, list_before
from orchestration.landing_office import LANDED
from orchestration.resources import Workplace

TASKS = ("landing", "tax")
Find = Callable[[str], Path | None]
Word = Callable[[pd.DataFrame], pd.DataFrame]


def changes_and_news(workplace: Workplace, as_of: dt.date, word: Word) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return why every rank moved since the list before, and what the morning page says; both empty without such a list.

    `word` puts contributions into words (orchestration.defs.scoring.assets.worded_contributions).
    """
    before = list_before(workplace, as_of)
    if before is None:
        return pd.DataFrame(columns=CHANGE_COLUMNS), pd.DataFrame(columns=MORNING_COLUMNS)
    root = workplace.root
    old, new = _told(before.file, before.as_of_date, word), _told(lambda name: root / name, as_of, word)
    features = pd.read_parquet(workplace.export("features/ftr_lead__12m"))
    came = _arrived(before, root)
    changes = rank_changes(old, new, features[features["is_current"]], _rows_in_words(came))
    leads = pd.read_parquet(workplace.export("marts/dim_leads"), columns=["lead_id", "unit_name", "investment_wan_cny"])
    titles = {name: contract.title for name, contract in load_contracts().items()}
    between = Between(
        before.as_of_date, as_of, titles, came, leads, _models(before.file), _models(lambda name: root / name),
        old.weights.version, new.weights.version, before.record["code"] != code_hash(), _changed_files(before, workplace),
    )  # fmt: skip
    return changes, morning_news(between, changes)


def _told(find: Find, as_of: dt.date, word: Word) -> Told:
    ranked, parts, raw, tables, points = (
        pd.read_parquet(_there(find, name))
        for name in (
            "scoring/ranked_leads.parquet",
            "exports/scores/scr_lead__parts.parquet",
            "exports/scores/scr_lead__contributions.parquet",
            "learning/model_tables.parquet",
            "landing/chain_points.parquet",
        )
    )
    raw = raw[raw["part"].isin(("landing", "tax", "fit"))]
    keys = ["lead_id", "part", "term"]
    worded = raw.merge(word(raw)[[*keys, "label", "value"]], on=keys, how="left")
    shown = ["lead_id", "project_name", "unit_name", "stage", "rank", "score", "excluded_reason"]
    leads = ranked[shown].merge(parts[["lead_id", "landing_logit", "tax_log", "chain_fit"]], on="lead_id")
    levels = zip(points["component"], points["level"], points["points"], strict=True)
    return Told(
        as_of,
        leads,
        worded,
        {task: from_tables(part_of(tables, task)) for task in TASKS if (tables["part"] == task).any()},
        {(str(component), str(level)): float(value) for component, level, value in levels},
        RankingWeights.load(_there(find, f"{LANDED}/weights.yaml")),
    )


def _there(find: Find, name: str) -> Path:
    path = find(name)
    if path is None:
        raise FileNotFoundError(name)
    return path


def _arrived(before: ArchivedList, root: Path) -> dict[str, pd.DataFrame]:
    """Return the rows of every ledger that came, were corrected or withdrawn; of unchanged ledgers nothing is read."""
    found = {}
    for name, contract in load_contracts().items():
        now, then = root / "landing" / f"{name}.parquet", before.file(f"landing/{name}.parquet")
        if contract.bulk or not now.exists() or (then is not None and then.samefile(now)):
            continue
        rows = arrivals(pq.read_table(then) if then else None, pq.read_table(now), contract)
        if len(rows):
            found[name] = rows
    return found


def _rows_in_words(came: dict[str, pd.DataFrame]) -> dict[str, str]:
    """Return the leads that rows are about, each with the ledgers, in words: 跟进记录新增2行."""
    contracts = load_contracts()
    counted: dict[str, dict[tuple[str, str], int]] = {}
    for name, rows in came.items():
        if "lead_id" not in rows:
            continue
        sizes = rows.groupby(["lead_id", KIND]).size().reset_index(name="count")
        for lead, kind, count in sizes.itertuples(index=False):
            counted.setdefault(str(lead), {})[contracts[name].title, kind] = int(count)
    return {
        lead: "；".join(f"{title}{kind}{count}行" for (title, kind), count in sorted(found.items()))
        for lead, found in counted.items()
    }


def _models(find: Find) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(_there(find, "learning/model_versions.parquet")).to_pylist()
    return rows


def _changed_files(before: ArchivedList, workplace: Workplace) -> list[str]:
    """Return the names of the office's files whose content is another than at the list before."""
    then = {
        name: path for name in before.record["inputs"] if name.startswith(f"{LANDED}/") and (path := before.file(name))
    }
    now = {f"{LANDED}/{path.name}": path for path in sorted(workplace.landed_office.iterdir())}
    names = {name for name in then.keys() | now.keys() if _content(then.get(name)) != _content(now.get(name))}
    return sorted(name.removeprefix(f"{LANDED}/") for name in names if name.endswith((".yaml", ".csv", ".parquet")))


def _content(path: Path | None) -> bytes | None:
    return path.read_bytes() if path and path.exists() else None
