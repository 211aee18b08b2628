"""Chain fit (产业链契合度): the district's chains as an editable file, and the points a company earns on a node.

Belongs here: the chain file, its loader and checks, the tables that SQL joins, the arithmetic of one fit. Does not belong here:
reading ledgers or registers, matching at scale and the cluster index (SQL does them), landing and tax.
"""

from models.chain.tables import ChainFileError, Chains, FitPoints, fit_points, load_chains

__all__ = ["ChainFileError", "Chains", "FitPoints", "fit_points", "load_chains"]
