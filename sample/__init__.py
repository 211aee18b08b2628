"""A fictional district (合成数据：云川区) written as the ledgers that offices send, with known truth. See PROCESS.md.

Belongs here: everything the sample needs, tables of its own included. Does not belong: reading ledgers (intake), anything
of the models: the sample shows and tests the product, and what is learned from it says nothing of a real district.
"""

from sample.writing import SampleSummary, write_sample

__all__ = ["SampleSummary", "write_sample"]
