"""Load the chain file (产业链图谱), refuse it when it contradicts itself, and lay it out as tables for SQL.

Belongs here: frozen types of chains, nodes, edges and fit points; validation with Chinese messages; `to_tables`;
`fit_points`, the reference arithmetic that the SQL model must agree with.
Does not belong here: any knowledge of a real company, text matching over a register, or where the tables are stored.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

import office

POSITIONS = ("上游", "中游", "下游")
GAP_CLASSES = ("强", "补", "延")
COMPONENTS = (
    "industry_code",
    "product_word",
    "gap_class",
    "key_node",
    "local_suppliers",
    "local_customers",
    "local_leader",
)
# Of these the highest level that is reached counts; of the others the level that is equal.
AT_LEAST_COMPONENTS = ("industry_code", "product_word", "local_suppliers", "local_customers", "local_leader")
MOST_HOPS = 3
TOTAL_POINTS = 100

CHAIN_KEYS = {"id", "name", "nodes", "edges"}
NODE_KEYS = {"id", "name", "position", "gap", "gap_reason", "key", "codes", "whole_codes", "words", "exclude", "source"}
TOP_KEYS = {"version", "edition_date", "industry_standard", "note", "fit", "leaders", "chains"}


class ChainFileError(ValueError):
    """The chain file contradicts itself; the message names the file and the key, in Chinese."""


@dataclass(frozen=True, slots=True)
class Node:
    """One link (环节) of a chain."""

    node_id: str
    name: str
    position: str
    gap_class: str
    is_key: bool
    codes: tuple[str, ...]
    words: tuple[str, ...]
    exclude_words: tuple[str, ...]
    whole_codes: tuple[str, ...] = ()  # of these codes: every firm of it stands on the node, whatever its products are
    gap_reason: str | None = None  # why the office sees the class so, where firms and output say another
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """Supplier node to customer node (上游 -> 下游)."""

    from_node_id: str
    to_node_id: str


@dataclass(frozen=True, slots=True)
class Chain:
    """One leading chain (产业链) and the edges written under it."""

    chain_id: str
    name: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """One row of the table of points: what a level of a component earns."""

    level: str
    points: float
    label: str


@dataclass(frozen=True, slots=True)
class Component:
    """A named part of the fit (契合度分项)."""

    name: str
    label: str
    maximum: float
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class FitPoints:
    """The fit of one company with one node: a plain sum of `parts`."""

    parts: Mapping[str, float]
    confidence: str

    @property
    def total(self) -> float:
        """Sum the parts; 0 to 100 by construction."""
        return float(sum(self.parts.values()))


@dataclass(frozen=True, slots=True)
class Chains:
    """A validated chain file, in the order in which it is written."""

    version: int
    edition_date: date
    industry_standard: str
    note: str
    text_only_confidence: str
    components: tuple[Component, ...]
    hop_weights_pct: tuple[int, ...]
    leader_minimum_capital_wan_cny: float | None
    leader_keys: tuple[str, ...]
    chains: tuple[Chain, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes of all chains, in file order."""
        return tuple(node for chain in self.chains for node in chain.nodes)

    @property
    def edges(self) -> tuple[Edge, ...]:
        """All edges of all chains, in file order."""
        return tuple(edge for chain in self.chains for edge in chain.edges)

    def node(self, node_id: str) -> Node:
        """Return one node; KeyError with its id when there is none."""
        for node in self.nodes:
            if node.node_id == node_id:
                return node
        raise KeyError(node_id)

    def converted_count(self, firms_by_hop: Sequence[int]) -> int:
        """Count firms, those further off in part (折算家数): whole percents, rounded down, so that SQL gets the same.

        Examples
        --------
        >>> load_chains().converted_count([2, 1, 3])
        3
        """
        if len(firms_by_hop) > len(self.hop_weights_pct):
            raise ValueError(f"firms counted over {len(firms_by_hop)} hops, {len(self.hop_weights_pct)} are weighed")
        pairs = zip(firms_by_hop, self.hop_weights_pct, strict=False)
        return sum(count * weight for count, weight in pairs) // 100

    def to_tables(self) -> dict[str, pd.DataFrame]:
        """Lay the file out as the tables that SQL joins: nodes, codes, words, edges, points in file order; hops, leaders.

        Of leaders, the row without a key holds the minimum capital (absent: no firm is a leader by capital).
        """
        nodes = [
            (c.chain_id, c.name, n.node_id, n.name, n.position, n.gap_class, n.is_key, n.gap_reason, n.source)
            for c in self.chains
            for n in c.nodes
        ]
        words = [(n.node_id, w, False) for n in self.nodes for w in n.words]
        words += [(n.node_id, w, True) for n in self.nodes for w in n.exclude_words]
        return {
            "nodes": pd.DataFrame(
                nodes,
                columns=[
                    "chain_id",
                    "chain_name",
                    "node_id",
                    "node_name",
                    "position",
                    "gap_class",
                    "is_key",
                    "gap_reason",
                    "source",
                ],
            ).astype({"gap_reason": "str", "source": "str"}),
            "codes": pd.DataFrame(
                [(n.node_id, code, code in n.whole_codes) for n in self.nodes for code in n.codes],
                columns=["node_id", "industry_code", "is_whole"],
            ),
            "words": pd.DataFrame(words, columns=["node_id", "word", "is_exclude"]),
            "edges": pd.DataFrame(
                [(e.from_node_id, e.to_node_id) for e in self.edges], columns=["from_node_id", "to_node_id"]
            ),
            "points": pd.DataFrame(
                [(c.name, lv.level, lv.points, lv.label) for c in self.components for lv in c.levels],
                columns=["component", "level", "points", "label"],
            ),
            "hops": pd.DataFrame(
                {
                    "hop_count": range(1, len(self.hop_weights_pct) + 1),
                    "weight_pct": pd.array(self.hop_weights_pct, dtype="int64"),
                }
            ),
            "leaders": pd.DataFrame(
                {
                    "enterprise_key": pd.array([None, *self.leader_keys], dtype="str"),
                    "minimum_capital_wan_cny": pd.array(
                        [self.leader_minimum_capital_wan_cny, *(None for _ in self.leader_keys)], dtype="Float64"
                    ),
                }
            ),
        }


def load_chains(path: Path | None = None) -> Chains:
    """Read and validate the chain file; without a path, the one of the office in use.

    Raises
    ------
    ChainFileError
        If the file can't be read as YAML or contradicts itself: unknown keys, ids used twice, edges to unknown nodes
        or to themselves, codes that are not 2 to 4 digits, whole codes that are not the node's, words under two characters or on two nodes,
        maxima that don't add up to 100.
    """
    path = path or office.settings_file("chains.yaml")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ChainFileError(f"{path.name}：不是有效的 YAML 文件（{error}）") from error
    return _Reader(path.name).chains(document)


def fit_points(
    chains: Chains,
    node_id: str,
    matched_digits: int,
    matched_words: int,
    local_suppliers: Sequence[int] = (),
    local_customers: Sequence[int] = (),
    leader_hop: int | None = None,
) -> FitPoints | None:
    """Add up the points of one company on one node; None when neither code nor word matches.

    `matched_digits` is the longest run of leading digits shared with a code of the node (below 2 is no match),
    `matched_words` the number of different product words found (0 when an exclude word stands in the text),
    `local_suppliers` and `local_customers` the numbers of local firms one, two and three edges up- and downstream, each
    firm at its nearest, `leader_hop` the edges to the nearest local leader (链主), None when there is none.

    Examples
    --------
    >>> fit = fit_points(load_chains(), "water.ro_membrane", matched_digits=4, matched_words=1, local_customers=[5, 2])
    >>> fit.total, fit.parts["local_customers"]
    (79.0, 4.0)
    """
    has_code = matched_digits >= 2
    if not has_code and matched_words < 1:
        return None
    node = chains.node(node_id)
    reached = {
        "industry_code": matched_digits,
        "product_word": matched_words,
        "local_suppliers": chains.converted_count(local_suppliers),
        "local_customers": chains.converted_count(local_customers),
        "local_leader": MOST_HOPS + 1 - leader_hop if leader_hop else 0,
    }
    exact = {"gap_class": node.gap_class, "key_node": "true" if node.is_key else "false"}
    parts: dict[str, float] = {}
    for component in chains.components:
        if component.name in AT_LEAST_COMPONENTS:
            earned = [lv.points for lv in component.levels if int(lv.level) <= reached[component.name]]
        else:
            earned = [lv.points for lv in component.levels if lv.level == exact[component.name]]
        parts[component.name] = max(earned, default=0.0)
    return FitPoints(parts=parts, confidence="正常" if has_code else chains.text_only_confidence)


class _Reader:
    """Turns the YAML document into types; every complaint names file and key."""

    def __init__(self, file_name: str) -> None:
        self.file_name = file_name

    def fail(self, key: str, message: str) -> ChainFileError:
        return ChainFileError(f"{self.file_name}：{key}：{message}")

    def chains(self, document: object) -> Chains:
        top = self.mapping(document, "（文件）", TOP_KEYS)
        version = top.get("version")
        if not isinstance(version, int) or isinstance(version, bool) or version < 1:
            raise self.fail("version", "应为正整数")
        edition_date = top.get("edition_date")
        if not isinstance(edition_date, date):
            raise self.fail("edition_date", "应为日期，如 2026-06-30")
        fit = self.mapping(top.get("fit"), "fit", {"text_only_confidence", "components", "hop_weights_pct"})
        leaders = self.mapping(top.get("leaders"), "leaders", {"minimum_capital_wan_cny", "enterprise_keys"})
        least = leaders.get("minimum_capital_wan_cny")
        keys = self.texts(leaders.get("enterprise_keys", []), "leaders.enterprise_keys")
        self.check_once(keys, "leaders.enterprise_keys")
        chains = tuple(
            self.chain(item, f"chains[{i}]") for i, item in enumerate(self.sequence(top.get("chains"), "chains"))
        )
        if not chains:
            raise self.fail("chains", "至少要有一条产业链")
        self.check_across(chains)
        return Chains(
            version=version,
            edition_date=edition_date,
            industry_standard=self.text(top.get("industry_standard"), "industry_standard"),
            note=self.text(top.get("note"), "note"),
            text_only_confidence=self.text(fit.get("text_only_confidence"), "fit.text_only_confidence"),
            components=self.components(fit.get("components")),
            hop_weights_pct=self.hop_weights(fit.get("hop_weights_pct")),
            leader_minimum_capital_wan_cny=(
                None if least is None else self.number(least, "leaders.minimum_capital_wan_cny")
            ),
            leader_keys=keys,
            chains=chains,
        )

    def chain(self, item: object, key: str) -> Chain:
        row = self.mapping(item, key, CHAIN_KEYS)
        chain_id = self.text(row.get("id"), f"{key}.id")
        nodes = tuple(
            self.node(n, f"{chain_id}.nodes[{i}]", chain_id)
            for i, n in enumerate(self.sequence(row.get("nodes"), f"{chain_id}.nodes"))
        )
        edges = []
        for i, pair in enumerate(self.sequence(row.get("edges", []), f"{chain_id}.edges")):
            ends = self.texts(pair, f"{chain_id}.edges[{i}]")
            if len(ends) != 2:
                raise self.fail(f"{chain_id}.edges[{i}]", "应为两个环节编号：[上游, 下游]")
            edges.append(Edge(ends[0], ends[1]))
        return Chain(chain_id, self.text(row.get("name"), f"{chain_id}.name"), nodes, tuple(edges))

    def node(self, item: object, key: str, chain_id: str) -> Node:
        row = self.mapping(item, key, NODE_KEYS)
        node_id = self.text(row.get("id"), f"{key}.id")
        if not node_id.startswith(f"{chain_id}."):
            raise self.fail(node_id, f"环节编号应以“{chain_id}.”开头")
        position = self.text(row.get("position"), f"{node_id}.position")
        if position not in POSITIONS:
            raise self.fail(f"{node_id}.position", f"“{position}”不在 {'、'.join(POSITIONS)} 之中")
        gap_class = self.text(row.get("gap"), f"{node_id}.gap")
        if gap_class not in GAP_CLASSES:
            raise self.fail(f"{node_id}.gap", f"“{gap_class}”不在 {'、'.join(GAP_CLASSES)} 之中")
        is_key = row.get("key", False)
        if not isinstance(is_key, bool):
            raise self.fail(f"{node_id}.key", "应为 true 或 false")
        codes = self.texts(row.get("codes", []), f"{node_id}.codes")
        for code in codes:
            if not (2 <= len(code) <= 4 and code.isascii() and code.isdigit()):
                raise self.fail(f"{node_id}.codes", f"“{code}”应为2至4位数字")
        whole_codes = self.texts(row.get("whole_codes", []), f"{node_id}.whole_codes")
        for code in whole_codes:
            if code not in codes:
                raise self.fail(f"{node_id}.whole_codes", f"“{code}”不在本环节的 codes 中")
        words = self.texts(row.get("words", []), f"{node_id}.words")
        exclude_words = self.texts(row.get("exclude", []), f"{node_id}.exclude")
        for word in (*words, *exclude_words):
            if len(word) < 2:
                raise self.fail(f"{node_id}.words", f"“{word}”不足两个字，会匹配过多企业")
        for label, values in (("codes", codes), ("words", (*words, *exclude_words))):
            self.check_once(values, f"{node_id}.{label}")
        if not codes and not words:
            raise self.fail(node_id, "行业代码和产品词不能都为空")
        name = self.text(row.get("name"), f"{node_id}.name")
        gap_reason, source = (
            None if row.get(key) is None else self.text(row[key], f"{node_id}.{key}")
            for key in ("gap_reason", "source")
        )
        return Node(
            node_id, name, position, gap_class, is_key, codes, words, exclude_words, whole_codes, gap_reason, source
        )

    def components(self, item: object) -> tuple[Component, ...]:
        rows = self.mapping(item, "fit.components", set(COMPONENTS))
        missing = [name for name in COMPONENTS if name not in rows]
        if missing:
            raise self.fail("fit.components", f"缺少分项 {'、'.join(missing)}")
        components = tuple(self.component(name, rows[name]) for name in rows)
        total = sum(component.maximum for component in components)
        if abs(total - TOTAL_POINTS) > 1e-9:
            raise self.fail("fit.components", f"各分项最高分之和为 {total:g}，应为 {TOTAL_POINTS}")
        return components

    def hop_weights(self, item: object) -> tuple[int, ...]:
        key = "fit.hop_weights_pct"
        weights = self.sequence(item, key)
        whole = all(isinstance(w, int) and not isinstance(w, bool) and 0 <= w <= 100 for w in weights)
        if not whole or not 1 <= len(weights) <= MOST_HOPS or weights != sorted(weights, reverse=True):
            raise self.fail(key, f"应为1至{MOST_HOPS}个0到100的整数，越远不得越大，读到“{weights}”")
        return tuple(weights)

    def component(self, name: str, item: object) -> Component:
        key = f"fit.components.{name}"
        row = self.mapping(item, key, {"label", "maximum", "levels"})
        maximum = self.number(row.get("maximum"), f"{key}.maximum")
        levels = []
        for level, value in self.mapping(row.get("levels"), f"{key}.levels", None).items():
            level_key = f"{key}.levels.{level}"
            if name in AT_LEAST_COMPONENTS and not (level.isascii() and level.isdigit() and int(level) > 0):
                raise self.fail(level_key, "档位应为正整数（达到即得分）")
            if name == "gap_class" and level not in GAP_CLASSES:
                raise self.fail(level_key, f"档位应为 {'、'.join(GAP_CLASSES)} 之一")
            if name == "key_node" and level != "true":
                raise self.fail(level_key, "档位应为 true")
            cell = self.mapping(value, level_key, {"points", "label"})
            points = self.number(cell.get("points"), f"{level_key}.points")
            levels.append(Level(level, points, self.text(cell.get("label"), f"{level_key}.label")))
        if not levels or max(lv.points for lv in levels) != maximum:
            raise self.fail(key, f"最高档得分应等于 maximum（{maximum:g}）")
        if name in AT_LEAST_COMPONENTS:
            ordered = [lv.points for lv in sorted(levels, key=lambda lv: int(lv.level))]
            if ordered != sorted(ordered):
                raise self.fail(f"{key}.levels", "档位越高得分不应越低")
        return Component(name, self.text(row.get("label"), f"{key}.label"), maximum, tuple(levels))

    def check_across(self, chains: Sequence[Chain]) -> None:
        nodes = [node for chain in chains for node in chain.nodes]
        node_ids = {node.node_id for node in nodes}
        self.check_once([chain.chain_id for chain in chains], "chains.id")
        self.check_once([node.node_id for node in nodes], "nodes.id")
        self.check_once(
            [code for node in nodes for code in node.whole_codes], "whole_codes（同一代码只能整个属于一个环节）"
        )
        self.check_once([word for node in nodes for word in node.words], "words（同一产品词只能属于一个环节）")
        for chain in chains:
            for edge in chain.edges:
                key = f"{chain.chain_id}.edges"
                for end in (edge.from_node_id, edge.to_node_id):
                    if end not in node_ids:
                        raise self.fail(key, f"没有环节“{end}”")
                if edge.from_node_id == edge.to_node_id:
                    raise self.fail(key, f"“{edge.from_node_id}”指向了自己")
        pairs = [f"{e.from_node_id} -> {e.to_node_id}" for chain in chains for e in chain.edges]
        self.check_once(pairs, "edges")

    def check_once(self, values: Sequence[str], key: str) -> None:
        twice = [value for value, count in Counter(values).items() if count > 1]
        if twice:
            raise self.fail(key, f"重复：{'、'.join(twice)}")

    def mapping(self, item: object, key: str, allowed: set[str] | None) -> dict[str, Any]:
        if not isinstance(item, dict) or not all(isinstance(k, str) for k in item):
            raise self.fail(key, "应为“键: 值”的表，键为文字（数字键请加引号）")
        unknown = [] if allowed is None else sorted(set(item) - allowed)
        if unknown:
            raise self.fail(key, f"不认识的键 {'、'.join(unknown)}")
        return item

    def sequence(self, item: object, key: str) -> list[Any]:
        if not isinstance(item, list):
            raise self.fail(key, "应为列表")
        return item

    def texts(self, item: object, key: str) -> tuple[str, ...]:
        return tuple(self.text(value, key) for value in self.sequence(item, key))

    def text(self, item: object, key: str) -> str:
        if not isinstance(item, str) or not item.strip():
            raise self.fail(key, f"应为文字，读到“{item}”（代码请加引号）")
        return item.strip()

    def number(self, item: object, key: str) -> float:
        if isinstance(item, bool) or not isinstance(item, int | float) or item < 0:
            raise self.fail(key, f"应为不小于0的数字，读到“{item}”")
        return float(item)
