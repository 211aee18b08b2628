"""What a register told about a firm before a day (截至日之前可知), for every firm that may set up elsewhere.

Belongs here: the population of a day, features of a firm from facts known before it, outcomes of the months after it.
Does not belong here: reading registers and tying branches (intake/moves), pairs of firm and place (``pairs``), learning.

A fact counts from the day it was known: a firm from its own registration, a tie from ``known_date``. Capital, the
registering authority in the credit code and the name are not dated by a register: they are taken as they stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.int64]
Days = npt.NDArray[np.datetime64]
Bools = npt.NDArray[np.bool_]

YEAR = 365
HORIZON = pd.DateOffset(years=1)
BRAND = 3  # characters: two are shared by strangers too often
RARE_BRAND = 60  # firms of one brand beyond which it is a word of the trade


@dataclass(frozen=True)
class Register:
    """Firms and moves of a register as arrays; row numbers of ``moves`` are rows of ``firms``."""

    firms: pd.DataFrame
    moves: pd.DataFrame
    networks: str = "(?!)"

    @cached_property
    def day(self) -> Days:
        return _days(self.firms["established_date"])

    @cached_property
    def place(self) -> tuple[Rows, list[str]]:
        codes, names = pd.factorize(self.firms["place"], sort=True)
        return np.asarray(codes, dtype=np.int64), [str(n) for n in names]

    @cached_property
    def province(self) -> tuple[Rows, list[str]]:
        codes, names = pd.factorize(self.firms["province_name"], sort=True)
        return np.asarray(codes, dtype=np.int64), [str(n) for n in names]

    @cached_property
    def province_of_place(self) -> Rows:
        out = np.full(len(self.place[1]), -1, dtype=np.int64)
        out[self.place[0]] = self.province[0]
        return out

    @cached_property
    def is_network(self) -> Bools:
        return np.asarray(self.firms["written_name"].str.contains(self.networks, regex=True).to_numpy(), dtype=bool)

    @cached_property
    def core(self) -> Rows:
        """Number of the name without its places and legal form."""
        return np.asarray(pd.factorize(self.firms["core_name"])[0], dtype=np.int64)

    @cached_property
    def brand(self) -> Rows:
        """Number of the first characters of the core, -1 where it is shorter."""
        core = self.firms["core_name"]
        text = core.str[:BRAND].where(core.str.len() > BRAND)
        return np.asarray(pd.factorize(text)[0], dtype=np.int64)

    @cached_property
    def trade(self) -> tuple[Rows, list[str]]:
        """Number of the last two characters of the core, which say what the firm does."""
        codes, names = pd.factorize(self.firms["core_name"].str[-2:], sort=True)
        return np.asarray(codes, dtype=np.int64), [str(n) for n in names]

    @cached_property
    def trade4(self) -> Rows:
        """Number of the last four characters of the core."""
        return np.asarray(pd.factorize(self.firms["core_name"].str[-4:])[0], dtype=np.int64)

    @cached_property
    def pairs_of_characters(self) -> tuple[Rows, Rows]:
        """Two neighbouring characters of each core: their number, and the row of the firm; each once a firm."""
        text = self.firms["core_name"].fillna("").to_numpy()
        length = self.firms["core_name"].str.len().fillna(0).to_numpy(dtype=np.int64)
        points = np.frombuffer("".join(text).encode("utf-32-le"), dtype=np.uint32).astype(np.int64)
        row = np.repeat(np.arange(len(text)), length)
        inside = row[1:] == row[:-1]
        pair = (points[:-1] << 21 | points[1:])[inside]
        number = np.unique(pair, return_inverse=True)[1]
        both = np.unique(row[1:][inside] * (int(number.max()) + 1 if len(number) else 1) + number)
        size = int(number.max()) + 1 if len(number) else 1
        return both % size, both // size

    @cached_property
    def fixed(self) -> pd.DataFrame:
        """Features that do not depend on the day."""
        firms = self.firms
        code = firms["firm_id"].where(firms["firm_id"].str.len() == 18, "").str[2:8]
        name = firms["written_name"]
        city, province = firms["named_city"], firms["named_province"]
        pairs = zip(city.fillna("").tolist(), firms["place"].tolist(), strict=True)
        here = np.array([bool(named) and named in place for named, place in pairs], dtype=bool)
        named = np.select(
            [
                city.notna() & here,
                province.notna() & (province == firms["province_name"]) & city.isna(),
                province.notna(),
            ],
            ["city", "province", "elsewhere"],
            "none",
        )
        form = np.full(len(firms), "other", dtype=object)
        for pattern, label in (
            ("厂$", "plant"),
            ("公司$", "company"),
            ("有限公司$", "limited"),
            ("股份有限公司$", "shares"),
        ):
            form[name.str.contains(pattern, regex=True).to_numpy()] = label
        form[(name.str.contains("集团", regex=False) & (form != "other")).to_numpy()] = "group"
        return pd.DataFrame(
            {
                "capital_wan_cny": firms["capital_wan_cny"].where(firms["capital_wan_cny"] > 0),
                "is_foreign_currency": firms["capital_currency"].notna() & (firms["capital_currency"] != "CNY"),
                "authority": code.map(_authority),
                "named_place": named,
                "form": form,
                "core_length": firms["core_name"].str.len().astype(float),
            }
        )


def _authority(code: str) -> str:
    if not re.fullmatch(r"\d{6}", code):
        return "unknown"
    if code == "100000":
        return "nation"
    return "province" if code.endswith("0000") else "city" if code.endswith("00") else "county"


def _days(values: Any) -> Days:
    return np.asarray(pd.to_datetime(pd.Series(values)).to_numpy(), dtype="datetime64[D]")


@dataclass(frozen=True)
class Known:
    """What was known before ``day``: rows of firms, and moves with their firm's own city told apart."""

    register: Register
    day: np.datetime64

    @cached_property
    def firm_rows(self) -> Rows:
        """Every registered row known, branches too."""
        return np.flatnonzero(self.register.day < self.day)

    @cached_property
    def moves(self) -> pd.DataFrame:
        """Ties known before the day, with `is_away`."""
        moves = self.register.moves
        known = moves[(_days(moves["known_date"]) < self.day)]
        place = self.register.place[0]
        firm, branch = known["firm"].to_numpy(), known["branch"].to_numpy()
        return pd.DataFrame(
            {
                "firm": firm,
                "branch": branch,
                "age": (self.day - _days(known["date"])).astype(np.float64),
                "place": place[branch],
                "is_away": place[branch] != place[firm],
            }
        )

    @cached_property
    def population(self) -> Rows:
        """Firms that may set up elsewhere: no branch of another, not of a network that opens counters by plan."""
        register = self.register
        is_branch = register.firms["is_named_branch"].to_numpy(dtype=bool).copy()
        is_branch[self.moves["branch"].to_numpy()] = True
        rows = self.firm_rows
        return rows[~is_branch[rows] & ~register.is_network[rows]]

    def outcomes(self, known_by: np.datetime64 | None = None) -> pd.DataFrame:
        """Return (firm, place) of the population's moves to other cities in the twelve months from the day on.

        ``known_by``: only ties known before it, as somebody of that day would have had them.
        """
        moves, place = self.register.moves, self.register.place[0]
        date, end = _days(moves["date"]), (pd.Timestamp(self.day) + HORIZON).to_datetime64()
        firm, branch = moves["firm"].to_numpy(), moves["branch"].to_numpy()
        of = (date >= self.day) & (date < end) & (place[branch] != place[firm])
        of &= np.isin(firm, self.population)
        if known_by is not None:
            of &= _days(moves["known_date"]) < known_by
        found = pd.DataFrame({"firm": firm[of], "place": place[branch[of]]})
        return found.drop_duplicates().sort_values(["firm", "place"]).reset_index(drop=True)


def away_history(known: Known, rows: Rows) -> dict[str, Floats]:
    """Places that firms went to, and their branches elsewhere, those of today counting whole and older ones less."""
    moves, n = known.moves, len(known.register.firms)
    away = moves[moves["is_away"]]
    cities = np.bincount(away.drop_duplicates(["firm", "place"])["firm"], minlength=n)
    recent = np.bincount(away["firm"], weights=np.exp(-away["age"].to_numpy() / (1.5 * YEAR)), minlength=n)
    return {"away_cities": cities[rows].astype(np.float64), "away_recent": np.round(recent[rows], 4)}


def firm_features(known: Known, distance: Floats) -> pd.DataFrame:
    """Features of the population of a day, in its order; ``distance`` in km between places, NaN where unknown."""
    register, rows = known.register, known.population
    n = len(register.firms)
    place, trade = register.place[0], register.trade[0]
    moves = known.moves
    out: dict[str, Any] = {"age_years": (known.day - register.day[rows]).astype(np.float64) / YEAR}

    def count(at: pd.DataFrame, weight: Any = None) -> Floats:
        return np.bincount(at["firm"], weights=weight, minlength=n)[rows].astype(np.float64)

    away, local = moves[moves["is_away"]], moves[~moves["is_away"]]
    home = place[away["firm"].to_numpy()]
    far = register.province_of_place[home] != register.province_of_place[away["place"].to_numpy()]
    out["away_count"] = count(away)
    out["away_1y"] = count(away[away["age"] <= YEAR])
    out["away_2y"] = count(away[away["age"] <= 2 * YEAR])
    out |= away_history(known, rows)
    out["away_90d"] = count(away[away["age"] <= 90])
    out["away_fresh"] = np.round(count(away, np.exp(-away["age"].to_numpy() / (0.5 * YEAR))), 4)
    out["away_far_count"] = count(away[far])
    cities = away.drop_duplicates(["firm", "place"])
    newest = away.sort_values("age").drop_duplicates(["firm", "place"], keep="last")
    out["new_cities_2y"] = count(newest[newest["age"] <= 2 * YEAR])
    out["away_provinces"] = count(
        cities.assign(province=register.province_of_place[cities["place"].to_numpy()]).drop_duplicates(
            ["firm", "province"]
        )
    )
    reach = np.nan_to_num(distance[home, away["place"].to_numpy()])
    out["away_reach_km"] = _by_firm(away["firm"], reach, n, np.maximum)[rows]
    out["since_away_years"] = _by_firm(away["firm"], away["age"].to_numpy() / YEAR, n, np.minimum)[rows]
    out["first_away_years"] = _by_firm(away["firm"], away["age"].to_numpy() / YEAR, n, np.maximum)[rows]
    out["local_count"] = count(local)
    out["local_1y"] = count(local[local["age"] <= YEAR])
    out["local_recent"] = np.round(count(local, np.exp(-local["age"].to_numpy() / (1.5 * YEAR))), 4)
    out["since_local_years"] = _by_firm(local["firm"], local["age"].to_numpy() / YEAR, n, np.minimum)[rows]

    out |= _kin(known, rows, away)
    out |= _rates(known, rows, away, trade, place)
    out |= _words(known, rows, away)
    return pd.concat([pd.DataFrame(out), register.fixed.iloc[rows].reset_index(drop=True)], axis=1)


def _by_firm(firm: Any, value: Floats, n: int, function: Any) -> Floats:
    out = np.full(n, np.nan)
    start = np.inf if function is np.minimum else -np.inf
    found = np.full(n, start)
    function.at(found, np.asarray(firm), value)
    has = np.isfinite(found)
    out[has] = found[has]
    return out


def _kin(known: Known, rows: Rows, away: pd.DataFrame) -> dict[str, Floats]:
    """Firms of the same core name, and of the same brand where it is rare: how many elsewhere, how new, their moves."""
    register = known.register
    place = register.place[0]
    everyone = known.firm_rows
    is_branch = register.firms["is_named_branch"].to_numpy(dtype=bool).copy()
    is_branch[known.moves["branch"].to_numpy()] = True
    firms = everyone[~is_branch[everyone]]
    age = (known.day - register.day).astype(np.float64)
    out = {}
    for name, key in (("core", register.core), ("brand", register.brand)):
        top = int(key.max()) + 2
        total = np.bincount(key[firms] + 1, minlength=top)
        pair = key[firms].astype(np.int64) * len(register.place[1]) + place[firms]
        uniques, at = np.unique(pair, return_inverse=True)
        here = np.bincount(at)
        recent = firms[age[firms] <= 2 * YEAR]
        total_recent = np.bincount(key[recent] + 1, minlength=top)
        here_recent = np.bincount(
            np.searchsorted(uniques, key[recent].astype(np.int64) * len(register.place[1]) + place[recent]),
            minlength=len(uniques),
        )
        cities = np.bincount(uniques // len(register.place[1]) + 1, minlength=top)
        mine = np.searchsorted(uniques, key[rows].astype(np.int64) * len(register.place[1]) + place[rows])
        k = key[rows] + 1
        rare = (key[rows] >= 0) & (total[k] <= RARE_BRAND)
        out[f"{name}_elsewhere"] = np.where(rare, total[k] - here[mine], 0).astype(np.float64)
        out[f"{name}_here"] = np.where(rare, here[mine] - 1, 0).astype(np.float64)
        out[f"{name}_cities"] = np.where(rare, cities[k] - 1, 0).astype(np.float64)
        out[f"{name}_elsewhere_2y"] = np.where(rare, total_recent[k] - here_recent[mine], 0).astype(np.float64)
        out[f"{name}_count"] = np.where(key[rows] >= 0, total[k] - 1, 0).astype(np.float64)
        moved = away["firm"].to_numpy()
        recently = moved[away["age"].to_numpy() <= 2 * YEAR]
        theirs = np.bincount(key[recently] + 1, minlength=top)
        own = np.bincount(recently, minlength=len(key))
        out[f"{name}_moves_2y"] = np.where(rare, theirs[k] - own[rows], 0).astype(np.float64)
    return out


def _words(known: Known, rows: Rows, away: pd.DataFrame) -> dict[str, Floats]:
    """How often firms with the same words in their name went elsewhere: mean and largest log rate of two characters.

    Against the rate of all firms, smoothed; a firm's own moves are left out.
    """
    register = known.register
    word, row = register.pairs_of_characters
    n = len(register.firms)
    inside = np.zeros(n, dtype=bool)
    inside[rows] = True
    keep = inside[row]
    word, row = word[keep], row[keep]
    mover = np.zeros(n)
    who = np.unique(away["firm"].to_numpy())
    mover[who[inside[who]]] = 1.0
    top = int(word.max()) + 1 if len(word) else 1
    firms, moved = np.bincount(word, minlength=top), np.bincount(word, weights=mover[row], minlength=top)
    base = mover.sum() / max(len(rows), 1)
    pseudo = 200.0
    rate = (moved[word] - mover[row] + pseudo * base) / (firms[word] - 1 + pseudo)
    log = np.log(np.maximum(rate, 1e-9) / max(base, 1e-9))
    total: Floats = np.bincount(row, weights=log, minlength=n).astype(np.float64)
    count = np.bincount(row, minlength=n)
    most = np.full(n, -np.inf)
    np.maximum.at(most, row, log)
    found = {
        "word_mean": total[rows] / np.maximum(count[rows], 1),
        "word_sum": total[rows],
        "word_most": np.where(np.isfinite(most[rows]), most[rows], 0.0),
    }
    return {name: np.asarray(np.round(value, 4), dtype=np.float64) for name, value in found.items()}


def _rates(known: Known, rows: Rows, away: pd.DataFrame, trade: Rows, place: Rows) -> dict[str, Floats]:
    """Share of firms of a trade, and of a home city, that went elsewhere: ever, and in the last two years; smoothed.

    A firm's own moves are left out of its rates.
    """
    register = known.register
    mover = away.drop_duplicates("firm")["firm"].to_numpy()
    recent = away[away["age"] <= 2 * YEAR].drop_duplicates("firm")["firm"].to_numpy()
    keep = np.isin(mover, rows), np.isin(recent, rows)
    mover, recent = mover[keep[0]], recent[keep[1]]
    has, has_recent = np.zeros(len(place)), np.zeros(len(place))
    has[mover], has_recent[recent] = 1, 1
    out = {}
    mixed = np.asarray(pd.factorize(place * (int(trade.max()) + 1) + trade)[0], dtype=np.int64)
    keys = (
        ("trade", trade, 200.0),
        ("home", place, 500.0),
        ("trade4", register.trade4, 100.0),
        ("home_trade", mixed, 100.0),
    )
    for name, key, pseudo in keys:
        top = int(key.max()) + 1
        firms = np.bincount(key[rows], minlength=top)
        for label, who, flag in (("ever", mover, has), ("2y", recent, has_recent)):
            base = len(who) / max(len(rows), 1)
            moved = np.bincount(key[who], minlength=top)
            rate = (moved[key[rows]] - flag[rows] + pseudo * base) / (firms[key[rows]] - 1 + pseudo)
            out[f"{name}_rate_{label}"] = np.round(1000 * rate, 4)
    firms = np.bincount(place[rows], minlength=len(register.place[1]))
    out["home_firms"] = firms[place[rows]].astype(np.float64)
    pair = place[rows] * (int(trade.max()) + 1) + trade[rows]
    _, at, size = np.unique(pair, return_inverse=True, return_counts=True)
    out["home_trade_firms"] = size[at].astype(np.float64)
    return out
