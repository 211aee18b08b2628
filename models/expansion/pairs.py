"""What a register told about a firm and a place before a day: the way from home, who went it, who is there already.

Belongs here: features of (firm, place) pairs for the affinity (落到哪里), from facts known before the day.
Does not belong here: features of the firm alone (``features``), learning.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from models.expansion.features import RARE_BRAND, YEAR, Floats, Known, Rows


@dataclass(frozen=True)
class Ways:
    """Moves known before a day, summed by way: home to place, province to place, trade to place."""

    known: Known
    distance: Floats

    @cached_property
    def _away(self) -> pd.DataFrame:
        """One row per firm and place, weighing less with age, and less the more places the firm has."""
        moves = self.known.moves
        away = moves[moves["is_away"]].sort_values("age").drop_duplicates(["firm", "place"], keep="first")
        many = away.groupby("firm")["place"].transform("size")
        return away.assign(weight=np.exp(-away["age"] / (4 * YEAR)) / np.sqrt(many))

    def _table(self, key: Rows, size: int) -> Floats:
        """Weight of moves by key of the firm and place."""
        width = len(self.known.register.place[1])
        at = key[self._away["firm"].to_numpy()] * width + self._away["place"].to_numpy()
        out = np.bincount(at, weights=self._away["weight"], minlength=size * width)
        return out.reshape(size, width).astype(np.float64)

    @cached_property
    def into(self) -> Floats:
        """Share of all moves that went into each place."""
        total = np.bincount(
            self._away["place"], weights=self._away["weight"], minlength=len(self.known.register.place[1])
        )
        return np.asarray((total + 0.1) / (total + 0.1).sum(), dtype=np.float64)

    @cached_property
    def from_province(self) -> Floats:
        register = self.known.register
        table = self._table(register.province[0], len(register.province[1]))
        return self._smoothed(table, self.into[None, :], 5.0)

    @cached_property
    def from_home(self) -> Floats:
        register = self.known.register
        table = self._table(register.place[0], len(register.place[1]))
        return self._smoothed(table, self.from_province[register.province_of_place], 5.0)

    @cached_property
    def of_trade(self) -> Floats:
        register = self.known.register
        table = self._table(register.trade[0], len(register.trade[1]))
        return self._smoothed(table, self.into[None, :], 5.0)

    @staticmethod
    def _smoothed(table: Floats, prior: Floats, pseudo: float) -> Floats:
        return np.asarray((table + pseudo * prior) / (table.sum(axis=1, keepdims=True) + pseudo), dtype=np.float64)

    @cached_property
    def together(self) -> tuple[Floats, Floats]:
        """How often firms are in two places at once against chance, as a log lift; a firm weighs less the more it has."""
        register = self.known.register
        width = len(register.place[1])
        sets = self._away[["firm", "place", "weight"]]
        firm, at = np.unique(sets["firm"].to_numpy(), return_inverse=True)
        value = 1.0 / np.sqrt(np.bincount(at))[at]
        table = sparse.csr_matrix((value, (at, sets["place"].to_numpy())), shape=(len(firm), width))
        both = np.asarray((table.T @ table).todense(), dtype=np.float64)
        np.fill_diagonal(both, 0.0)
        total = both.sum(axis=1)
        expected = np.outer(total, total) / max(float(total.sum()), 1e-9)
        return np.log((both + 1.0) / (expected + 1.0)), both

    @cached_property
    def kin_moves(self) -> tuple[_Counts, _Counts]:
        """Moves into each place by firms of one core, and of one brand."""
        register = self.known.register
        width = len(register.place[1])
        firm, place = self._away["firm"].to_numpy(), self._away["place"].to_numpy()
        found = []
        for key in (register.core, register.brand):
            keep = key[firm] >= 0
            found.append(_Counts(*np.unique(key[firm[keep]] * width + place[keep], return_counts=True), width))
        return found[0], found[1]

    @cached_property
    def into_now(self) -> Floats:
        """Share of the moves of the last year into each place against its share of all, as a log."""
        width = len(self.known.register.place[1])
        fresh = self._away[self._away["age"] <= YEAR]
        total = np.bincount(fresh["place"], minlength=width).astype(np.float64)
        return np.log((total + 5 * self.into) / (total.sum() + 5) / self.into)

    @cached_property
    def _firms(self) -> Rows:
        return self.known.population

    @cached_property
    def size(self) -> Floats:
        """Firms known at each place."""
        register = self.known.register
        return np.bincount(register.place[0][self._firms], minlength=len(register.place[1])).astype(np.float64)

    @cached_property
    def young(self) -> Floats:
        """Share of the last two years in each place's firms."""
        register = self.known.register
        rows = self._firms[register.day[self._firms] >= self.known.day - np.timedelta64(2 * YEAR, "D")]
        return np.bincount(register.place[0][rows], minlength=len(self.size)) / np.maximum(self.size, 1)

    def _counts(self, key: Rows, rows: Rows) -> _Counts:
        width = len(self.known.register.place[1])
        rows = rows[key[rows] >= 0]
        value, count = np.unique(key[rows] * width + self.known.register.place[0][rows], return_counts=True)
        return _Counts(value, count, width)

    @cached_property
    def trades(self) -> _Counts:
        return self._counts(self.known.register.trade[0], self._firms)

    @cached_property
    def cores(self) -> _Counts:
        return self._counts(self.known.register.core, self._firms)

    @cached_property
    def brands(self) -> _Counts:
        return self._counts(self.known.register.brand, self._firms)

    @cached_property
    def own(self) -> tuple[_Counts, Rows, Floats]:
        """Branches by firm and place; and the age of the youngest, by sorted key."""
        moves = self.known.moves
        width = len(self.known.register.place[1])
        key = moves["firm"].to_numpy() * width + moves["place"].to_numpy()
        value, at, count = np.unique(key, return_inverse=True, return_counts=True)
        youngest = np.full(len(value), np.inf)
        np.minimum.at(youngest, at, moves["age"].to_numpy())
        return _Counts(value, count, width), value, youngest

    @cached_property
    def own_provinces(self) -> _Counts:
        """Places elsewhere by firm and province."""
        register = self.known.register
        moves = self.known.moves
        away = moves[moves["is_away"]].drop_duplicates(["firm", "place"])
        width = len(register.province[1])
        key = away["firm"].to_numpy() * width + register.province_of_place[away["place"].to_numpy()]
        return _Counts(*np.unique(key, return_counts=True), width)

    @cached_property
    def nearest(self) -> dict[int, Rows]:
        """Places elsewhere of each firm."""
        moves = self.known.moves
        away = moves[moves["is_away"]].drop_duplicates(["firm", "place"])
        return {int(f): p.to_numpy() for f, p in away.groupby("firm")["place"]}

    def features(self, firm: Rows, place: Rows) -> pd.DataFrame:
        """Features of pairs, in their order."""
        register = self.known.register
        home, province = register.place[0][firm], register.province[0][firm]
        there = register.province_of_place[place]
        trade, core, brand = register.trade[0][firm], register.core[firm], register.brand[firm]
        own, keys, youngest = self.own
        own_there = own.at(firm, place)
        spot = np.minimum(np.searchsorted(keys, firm * own.width + place), max(len(keys) - 1, 0))
        since = np.where(own_there > 0, youngest[spot] / YEAR, np.nan) if len(keys) else np.full(len(firm), np.nan)
        trade_size = np.bincount(register.trade[0][self._firms], minlength=len(register.trade[1]))
        expected = self.size[place] * (trade_size[trade] / max(len(self._firms), 1))
        of_trade = self.trades.at(trade, place)
        is_same = there == province
        km = self.distance[home, place]
        out: dict[str, Any] = {
            "way_home": np.round(np.log(self.from_home[home, place]), 3),
            "way_province": np.round(np.log(self.from_province[province, place]), 3),
            "way_trade": np.round(np.log(self.of_trade[trade, place] / self.into[place]), 3),
            "into": np.round(np.log(self.into[place]), 3),
            "km": km,
            "is_same_province": is_same,
            "place_firms": self.size[place],
            "place_young": np.round(self.young[place], 3),
            "trade_there": np.round(np.log((of_trade + 3) / (expected + 3)), 3),
            "trade_there_count": of_trade,
            "own_there": own_there,
            "since_own_there_years": since,
            "own_province": self.own_provinces.at(firm, there) - (own_there > 0),
            "core_there": np.where(self._rare(core, register.core), self.cores.at(core, place), 0.0),
            "brand_there": np.where(self._rare(brand, register.brand), self.brands.at(brand, place), 0.0),
        }
        kin_core, kin_brand = self.kin_moves
        out["core_moves_there"] = np.where(
            self._rare(core, register.core), kin_core.at(core, place) - (own_there > 0), 0.0
        )
        out["brand_moves_there"] = np.where(
            self._rare(brand, register.brand), kin_brand.at(brand, place) - (own_there > 0), 0.0
        )
        out["into_now"] = np.round(self.into_now[place], 3)
        named = register.fixed["named_place"].to_numpy()[firm]
        out["named_and_province"] = np.where(is_same, "same_", "other_").astype(object) + named
        out["nearest_own_km"], out["together_mean"], out["together_most"] = self._beside(firm, place)
        return pd.DataFrame(out)

    def _rare(self, key: Rows, everyone: Rows) -> Any:
        total = np.bincount(everyone[self._firms] + 1, minlength=int(everyone.max()) + 2)
        return (key >= 0) & (total[key + 1] <= RARE_BRAND)

    def _beside(self, firm: Rows, place: Rows) -> tuple[Floats, Floats, Floats]:
        """Distance to the firm's nearest branch elsewhere, mean and largest lift of its places with this one.

        The place itself does not count.
        """
        km, mean, most = (np.full(len(firm), np.nan) for _ in range(3))
        lift = self.together[0]
        order = np.argsort(firm, kind="stable")
        starts = np.flatnonzero(np.diff(firm[order], prepend=-1))
        for at, end in zip(starts, [*starts[1:], len(order)], strict=True):
            own = self.nearest.get(int(firm[order[at]]))
            if own is None:
                continue
            rows = order[at:end]
            is_it = place[rows][:, None] == own[None, :]
            rows, is_it = rows[~is_it.all(axis=1)], is_it[~is_it.all(axis=1)]
            far = np.where(is_it, np.inf, self.distance[place[rows][:, None], own[None, :]])
            near = np.nanmin(np.where(np.isnan(far), np.inf, far), axis=1, initial=np.inf)
            km[rows] = np.where(np.isfinite(near), near, np.nan)
            beside = np.where(is_it, np.nan, lift[place[rows][:, None], own[None, :]])
            mean[rows], most[rows] = np.nanmean(beside, axis=1), np.nanmax(beside, axis=1)
        return km, np.round(mean, 3), np.round(most, 3)


@dataclass(frozen=True)
class _Counts:
    """Counts by a pair of numbers, as sorted keys."""

    keys: Rows
    counts: Rows
    width: int

    def at(self, first: Rows, second: Rows) -> Floats:
        key = first * self.width + second
        if not len(self.keys):
            return np.zeros(len(key))
        spot = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        return np.where((self.keys[spot] == key) & (first >= 0), self.counts[spot], 0).astype(np.float64)
