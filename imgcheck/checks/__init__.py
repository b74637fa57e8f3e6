"""One file per question an analyst asks.

A check asks an engine, gets numbers, and says what they mean for a statement. To add one, add
a file here, a page in ``docs/checks`` and a sample in which it must speak; the contract tests
say what is missing. There is no registry to edit.
"""

from imgcheck.checks.check import QUESTIONS, Check, check

__all__ = ["QUESTIONS", "Check", "check"]
