"""Choose at most one option of each lead within every capacity, for the greatest value (一次优化求解).

Belongs here: the integer program and which capacity was short. Does not belong here: what an option is or how it is
valued (options), where the numbers come from.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array

SLACK = 1e-6  # of a capacity: HiGHS keeps constraints to 1e-6 of their size


@dataclass(frozen=True)
class Assignment:
    """What was chosen.

    Attributes
    ----------
    chosen : dict
        Option of each lead that got one.
    short : dict
        For each lead, the resources that kept it from a better option: name to what is missing for the best of them.
    left : dict
        What is left of each capacity.
    value : float
        Value of all that was chosen.
    gap : float
        The greatest value that could be possible lies at most this share above ``value``.
    """

    chosen: dict[str, str]
    short: dict[str, dict[str, float]]
    left: dict[str, float]
    value: float
    gap: float


def assign(
    options: pd.DataFrame,
    uses: pd.DataFrame,
    capacities: dict[str, float],
    relative_gap: float = 0.0,
    node_limit: int = 100_000,
) -> Assignment:
    """Solve the assignment; the same content in any order gives the same answer.

    Parameters
    ----------
    options : DataFrame
        One row per option: ``option_id`` (unique), ``lead_id``, ``value`` (0 or more).
    uses : DataFrame
        Long: ``option_id``, ``resource``, ``amount`` (0 or more). A resource without a capacity is not limited.
    capacities : dict
        Capacity of each resource; less than nothing counts as nothing.
    """
    options = options.sort_values(["lead_id", "option_id"], kind="stable").reset_index(drop=True)
    if options["option_id"].duplicated().any():
        raise ValueError("an option_id is given more than once")
    values = options["value"].to_numpy(dtype=np.float64)
    if not np.isfinite(values).all() or (values < 0).any():
        raise ValueError("values must be numbers of 0 or more")
    room = {name: max(0.0, float(amount)) for name, amount in sorted(capacities.items())}
    uses = uses[uses["resource"].isin(room) & uses["option_id"].isin(options["option_id"])]
    uses = uses.groupby(["option_id", "resource"])[["amount"]].sum().reset_index()
    if len(options) == 0:
        return Assignment({}, {}, room, 0.0, 0.0)
    row_of = pd.Series(np.arange(len(options)), index=options["option_id"])
    names = list(room)
    place = pd.Series(np.arange(len(names)), index=names)
    used = coo_array(
        (
            uses["amount"].to_numpy(dtype=np.float64),
            (place.loc[uses["resource"]].to_numpy(), row_of.loc[uses["option_id"]].to_numpy()),
        ),
        shape=(len(names), len(options)),
    ).tocsr()
    mask, gap = _solve(values, options["lead_id"], used, np.array(list(room.values())), relative_gap, node_limit)
    taken = used @ mask if len(names) else np.zeros(0)
    left = {name: room[name] - float(amount) for name, amount in zip(names, taken, strict=True)}
    chosen = dict(zip(options.loc[mask, "lead_id"], options.loc[mask, "option_id"], strict=True))
    return Assignment(chosen, _short(options, uses, chosen, left), left, float(values[mask].sum()), gap)


def _solve(
    values: npt.NDArray[np.float64],
    leads: pd.Series[str],
    used: csr_array,
    room: npt.NDArray[np.float64],
    relative_gap: float,
    node_limit: int,
) -> tuple[npt.NDArray[np.bool_], float]:
    from scipy.optimize import Bounds, LinearConstraint, milp  # 0.2 s, and definitions load this module

    codes, found = pd.factorize(leads)
    once = coo_array((np.ones(len(values)), (codes, np.arange(len(values)))), shape=(len(found), len(values))).tocsr()
    constraints = [LinearConstraint(once, ub=np.ones(len(found)))]
    if used.shape[0]:
        # Each capacity as a share of itself: 亩 and kVA differ by a thousand, and the tolerance is absolute.
        size = np.maximum(room, 1.0)
        constraints.append(LinearConstraint(used.multiply(1.0 / size[:, None]).tocsr(), ub=room / size))
    done = milp(
        -values / max(1.0, float(values.max())),
        integrality=np.ones(len(values)),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"mip_rel_gap": relative_gap, "node_limit": node_limit},
    )
    if done.x is None:
        # Nothing chosen is always allowed, so this is the solver's limit and not the office's numbers.
        raise RuntimeError(f"the solver gave no assignment: {done.message}")
    return np.asarray(done.x > 0.5), float(done.mip_gap or 0.0)


def _short(
    options: pd.DataFrame, uses: pd.DataFrame, chosen: dict[str, str], left: dict[str, float]
) -> dict[str, dict[str, float]]:
    """Name for each lead what was missing for the best option that it did not get for want of capacity."""
    needs: dict[str, dict[str, float]] = {}
    for option, resource, amount in zip(uses["option_id"], uses["resource"], uses["amount"], strict=True):
        needs.setdefault(str(option), {})[str(resource)] = float(amount)
    value = dict(zip(options["option_id"], options["value"], strict=True))
    ordered = options.sort_values(["lead_id", "value", "option_id"], ascending=[True, False, True])
    short: dict[str, dict[str, float]] = {}
    for lead, option in zip(ordered["lead_id"], ordered["option_id"], strict=True):
        got = chosen.get(lead)
        if lead in short or (got is not None and value[option] <= value[got]):
            continue
        mine = needs.get(got, {}) if got else {}
        missing = {r: a - left[r] - mine.get(r, 0.0) for r, a in needs.get(option, {}).items()}
        missing = {r: m for r, m in missing.items() if m > SLACK * max(1.0, needs[option][r])}
        if missing:
            short[lead] = missing
    return short
