"""Evidence: from each hazard to the requirements, the code and the tests that hold it down.

tables.py reads docs/safety, checks.py finds what is missing, suite.py and code_places.py
look into the sources, outcomes.py keeps what the last whole run of the tests gave, part.py makes
the page.
"""

from penloop.evidence.traceability.part import PART

__all__ = ["PART"]
