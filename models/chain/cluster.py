"""Cluster index of a chain (集群指数) and what a project would change in it (what-if).

Belongs here: the arithmetic of the index, pure. Does not belong here: counting firms (SQL), the thresholds (seed chain_rules).
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ClusterRules:
    """Full marks and weights, as in the seed chain_rules; the weights add up to 100."""

    firms_full: float
    output_full_wan_cny: float
    tax_full_wan_cny: float
    completeness_weight: float
    firms_weight: float
    output_weight: float
    tax_weight: float


@dataclass(frozen=True, slots=True)
class Cluster:
    """What is here of a chain; an output or tax that nobody told is None and earns nothing."""

    nodes: int
    covered_nodes: int
    firms: int
    output_wan_cny: float | None = None
    tax_wan_cny: float | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """What a project would add."""

    covers_new_node: bool = False
    is_new_firm: bool = True
    output_wan_cny: float | None = None
    tax_wan_cny: float | None = None


def cluster_index(cluster: Cluster, rules: ClusterRules) -> float:
    """Give the index, 0 to 100.

    Examples
    --------
    >>> rules = ClusterRules(100, 1_000_000, 50_000, 40, 20, 20, 20)
    >>> cluster_index(Cluster(nodes=10, covered_nodes=5, firms=50, output_wan_cny=500_000), rules)
    40.0
    """
    if cluster.nodes < 1 or not 0 <= cluster.covered_nodes <= cluster.nodes:
        raise ValueError(f"{cluster.covered_nodes} covered nodes of {cluster.nodes}")
    return (
        rules.completeness_weight * cluster.covered_nodes / cluster.nodes
        + rules.firms_weight * min(cluster.firms / rules.firms_full, 1.0)
        + rules.output_weight * min((cluster.output_wan_cny or 0.0) / rules.output_full_wan_cny, 1.0)
        + rules.tax_weight * min((cluster.tax_wan_cny or 0.0) / rules.tax_full_wan_cny, 1.0)
    )


def with_project(cluster: Cluster, project: Project) -> Cluster:
    """Add a project to a cluster.

    Examples
    --------
    >>> with_project(Cluster(10, 5, 50), Project(covers_new_node=True, output_wan_cny=100.0))
    Cluster(nodes=10, covered_nodes=6, firms=51, output_wan_cny=100.0, tax_wan_cny=None)
    """

    def added(before: float | None, more: float | None) -> float | None:
        return None if before is None and more is None else (before or 0.0) + (more or 0.0)

    return replace(
        cluster,
        covered_nodes=min(cluster.covered_nodes + project.covers_new_node, cluster.nodes),
        firms=cluster.firms + project.is_new_firm,
        output_wan_cny=added(cluster.output_wan_cny, project.output_wan_cny),
        tax_wan_cny=added(cluster.tax_wan_cny, project.tax_wan_cny),
    )
