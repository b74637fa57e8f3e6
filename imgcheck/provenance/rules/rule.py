"""What a rule is: an id, its meaning in words, and a function of the facts of one file."""

from collections.abc import Callable
from dataclasses import dataclass

from imgcheck.provenance.fields.values import FieldRead
from imgcheck.provenance.rules.facts import Facts
from imgcheck.provenance.rules.result import FireRate, RuleResult, State

_LONGEST = 400  # characters of a sentence: it quotes fields of the file


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a rule's function gives back."""

    state: State
    sentence: str
    read: tuple[FieldRead, ...] = ()


def absent(what: str) -> Answer:
    """Answer that the rule cannot be asked, and what is missing."""
    return Answer(state="not applicable", sentence=what)


def answer(state: State, sentence: str, *read: FieldRead) -> Answer:
    """Answer with the fields that were read."""
    return Answer(state=state, sentence=sentence[:_LONGEST], read=read)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named test of whether the fields of one file agree with each other."""

    id: str
    proves: str
    does_not_prove: str
    innocent: tuple[str, ...]
    ask: Callable[[Facts], Answer]

    def result(self, facts: Facts, rates: tuple[FireRate, ...] = ()) -> RuleResult:
        """Ask the rule of one file."""
        given = self.ask(facts)
        return RuleResult(
            id=self.id, state=given.state, sentence=given.sentence, read=given.read,
            proves=self.proves, does_not_prove=self.does_not_prove, innocent=self.innocent,
            rates=rates,
        )  # fmt: skip


def rule(
    id: str, *, proves: str, does_not_prove: str, innocent: tuple[str, ...]
) -> Callable[[Callable[[Facts], Answer]], Rule]:
    """Make a `Rule` of a function from the facts of a file to an `Answer`."""

    def make(ask: Callable[[Facts], Answer]) -> Rule:
        return Rule(id=id, proves=proves, does_not_prove=does_not_prove, innocent=innocent, ask=ask)

    return make
