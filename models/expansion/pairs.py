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

from models.expansion.features import RARE_BRAND, YEAR, Bools, Floats, Known, Rows


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
    def together(self) -> Floats:
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
        return np.log((both + 1.0) / (expected + 1.0))

    @cached_property
    def _firms(self) -> Rows:
        return self.known.population

    @cached_property
    def size(self) -> Floats:
        """Firms known at each place."""
        register = self.known.register
        return np.bincount(register.place[0][self._firms], minlength=len(register.place[1])).astype(np.float64)

    def _counts(self, key: Rows, rows: Rows) -> _Counts:
        width = len(self.known.register.place[1])
        rows = rows[key[rows] >= 0]
        value, count = np.unique(key[rows] * width + self.known.register.place[0][rows], return_counts=True)
        return _Counts(value, count, width)

    @cached_property
    def cores(self) -> _Counts:
        return self._counts(self.known.register.core, self._firms)

    @cached_property
    def own(self) -> _Counts:
        """Branches by firm and place."""
        moves = self.known.moves
        width = len(self.known.register.place[1])
        key = moves["firm"].to_numpy() * width + moves["place"].to_numpy()
        return _Counts(*np.unique(key, return_counts=True), width)

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
        order = np.argsort(away["firm"].to_numpy(), kind="stable")
        firm, place = away["firm"].to_numpy()[order], away["place"].to_numpy()[order]
        starts = np.flatnonzero(np.diff(firm, prepend=-1))
        return dict(zip(firm[starts].tolist(), np.split(place, starts[1:]), strict=True)) if len(firm) else {}

    def features(self, firm: Rows, place: Rows) -> pd.DataFrame:
        """Features of pairs, in their order."""
        register = self.known.register
        home, province = register.place[0][firm], register.province[0][firm]
        there = register.province_of_place[place]
        trade, core = register.trade[0][firm], register.core[firm]
        own_there = self.own.at(firm, place)
        is_same = there == province
        out: dict[str, Any] = {
            "way_home": np.round(np.log(self.from_home[home, place]), 3),
            "way_province": np.round(np.log(self.from_province[province, place]), 3),
            "way_trade": np.round(np.log(self.of_trade[trade, place] / self.into[place]), 3),
            "into": np.round(np.log(self.into[place]), 3),
            "km": self.distance[home, place],
            "is_same_province": is_same,
            "own_there": own_there,
            "own_province": self.own_provinces.at(firm, there) - ((own_there > 0) & (place != home)),
            "core_there": np.where(self._is_rare[core + 1] & (core >= 0), self.cores.at(core, place), 0.0),
        }
        named = register.fixed["named_place"].to_numpy()[firm]
        out["named_and_province"] = np.where(is_same, "same_", "other_").astype(object) + named
        out["nearest_own_km"], out["together_mean"] = self._beside(firm, place)
        return pd.DataFrame(out)

    @cached_property
    def _is_rare(self) -> Bools:
        """Whether few enough firms bear a core name for it to mean kin; by its number, from 1 on."""
        core = self.known.register.core
        return np.bincount(core[self._firms] + 1, minlength=int(core.max()) + 2) <= RARE_BRAND

    def _beside(self, firm: Rows, place: Rows) -> tuple[Floats, Floats]:
        """Distance to the firm's nearest branch elsewhere, and the mean lift of its places with this one.

        The place itself does not count.
        """
        km, mean = np.full(len(firm), np.nan), np.full(len(firm), np.nan)
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
            beside = np.where(is_it, np.nan, self.together[place[rows][:, None], own[None, :]])
            mean[rows] = np.nanmean(beside, axis=1)
        return km, np.round(mean, 3)


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
