"""Do the fields of one file agree with each other? One small rule a question.

A rule says what it read, what follows, what does not, and how often it fires on files of cameras.
"""

from imgcheck.provenance.rules.catalogue import RULES, consistency
from imgcheck.provenance.rules.programs import named_years
from imgcheck.provenance.rules.result import FieldRead, FireRate, RuleResult, State

__all__ = ["RULES", "consistency", "named_years", "RuleResult", "FieldRead", "FireRate", "State"]
