"""Chain fit (产业链契合度): the district's chains as an editable file, and the points a company earns on a node.

Belongs here: the chain file, its loader and checks, the tables that SQL joins, the arithmetic of one fit and of the cluster index.
Does not belong here: reading ledgers or registers, matching at scale (SQL does it), landing and tax.
"""

from models.chain.cluster import Cluster, ClusterRules, Project, cluster_index, with_project
from models.chain.tables import ChainFileError, Chains, FitPoints, fit_points, load_chains

__all__ = [
    "ChainFileError",
    "Chains",
    "Cluster",
    "ClusterRules",
    "FitPoints",
    "Project",
    "cluster_index",
    "fit_points",
    "load_chains",
    "with_project",
]
