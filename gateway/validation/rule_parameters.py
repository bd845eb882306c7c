"""What a rule of a profile tells its check: parameters, conditions, attributes, each of its form.

A parameter nobody knows, a missing one and one of the wrong form stop the start with the names of
file and rule, not a submission.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from operator import not_
from typing import Any

from gateway.profile import Profile, ProfileFault, Rule, RuleCondition, ValueSet
from gateway.profile.rules import condition_of
from gateway.validation.attributes import Seen, UnknownAttribute, View, sight_of

LONGEST = 2000
"""Characters of a value that a pattern is tried on; a longer value does not match."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question about what an object shows, answered yes or no from that alone.

    Attributes:
        words: The texts, or pairs of code and scheme, it tells apart: any other is answered like
            every other.
        alone: The answer for a single text, where it depends on what is inside the text.
    """

    view: View
    answer: Callable[[Seen], bool]
    words: frozenset[Any] = frozenset()
    alone: Callable[[Any], bool] | None = None


class Parameters:
    """The parameters of a rule, each asked for by its name and form.

    What is left over when a check has been made was never asked for, so nobody knows it.
    """

    def __init__(self, rule: Rule, profile: Profile) -> None:
        self.rule = rule
        self.profile = profile
        self._left = dict(rule.parameters)

    def fault(self, text: str) -> ProfileFault:
        """A fault that names file and rule."""
        return ProfileFault(f"{self.rule.file}: rule {self.rule.id}: {text}")

    def text(self, name: str, default: str | None = None) -> str:
        """A text; required without a default."""
        return str(self._take(name, str, default))

    def number(self, name: str, default: int | None = None) -> int:
        """A whole number; required without a default."""
        value = self._take(name, int, default)
        return int(value)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts, not empty."""
        value = self._take(name, tuple, None)
        if not value or not all(isinstance(one, str) for one in value):
            raise self.fault(f"{name} is not a list of texts")
        return tuple(value)

    def mapping(self, name: str) -> Mapping[str, str]:
        """A table of texts; empty where it is not given."""
        value = self._left.pop(name, {})
        if not isinstance(value, Mapping) or not all(isinstance(v, str) for v in value.values()):
            raise self.fault(f"{name} is not a table of texts")
        return value

    def conditions(self, name: str, object_name: str) -> Callable[[Any], bool]:
        """Whether an object fulfils all of a list of conditions, which may be empty or absent."""
        value = self._left.pop(name, ())
        if not isinstance(value, tuple):
            raise self.fault(f"{name} is not a list of conditions")
        conditions = tuple(condition_of(one, self.rule) for one in value)
        return fulfils(object_name, [self.test(one, object_name) for one in conditions])

    def pattern(self, name: str) -> re.Pattern[str]:
        """A regular expression; required."""
        return self.compiled(self.text(name))

    def compiled(self, pattern: str) -> re.Pattern[str]:
        """A regular expression, or the fault that says what is wrong with it."""
        try:
            return re.compile(pattern, re.ASCII)
        except re.error as error:
            raise self.fault(f"{pattern!r} is no regular expression: {error}") from None

    def reader(
        self, path: str = "", object_name: str = "", *, coded: bool = False
    ) -> Callable[[Any], Seen]:
        """What reads an attribute, the rule's own where none is named, or the codes of it."""
        view = View(path or self.rule.attribute, coded)
        try:
            return sight_of(object_name or self.rule.object, view).reader()
        except UnknownAttribute as unknown:
            raise self.fault(str(unknown)) from None

    def view(self, *, coded: bool = False) -> View:
        """The rule's own attribute, or the codes of it."""
        self.reader(coded=coded)
        return View(self.rule.attribute, coded)

    def value_sets(self) -> tuple[ValueSet, ...]:
        """The value sets a rule names; required."""
        names = self.texts("value_sets")
        for name in names:
            if name not in self.profile.value_sets:
                raise self.fault(f"{name} is no file in value-sets")
        return tuple(self.profile.value_sets[name] for name in names)

    def test(self, condition: RuleCondition, object_name: str = "") -> Question:
        """A condition on an object, the rule's own where none is named."""
        self.reader(condition.attribute, object_name)
        view = View(condition.attribute)
        if condition.present is not None:
            return Question(view, bool if condition.present else not_)
        if condition.one_of:
            wanted = frozenset(condition.one_of)
            return Question(view, lambda texts: not wanted.isdisjoint(texts), wanted)
        if condition.none_of:
            unwanted = frozenset(condition.none_of)
            return Question(view, unwanted.isdisjoint, unwanted)
        fits = matching(self.compiled(condition.matches))
        return Question(view, lambda texts: any(map(fits, texts)), alone=fits)

    def refuse_unknown(self) -> None:
        """Refuse what no check asked for."""
        if self._left:
            raise self.fault(f"{self.rule.kind} has no parameter {', '.join(sorted(self._left))}")

    def _take(self, name: str, form: type, default: object) -> Any:
        value = self._left.pop(name, default)
        if value is None:
            raise self.fault(f"{self.rule.kind} needs the parameter {name}")
        if not isinstance(value, form) or isinstance(value, bool):
            raise self.fault(f"{name} has the wrong form")
        return value


def matching(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    """Give whether a text, which may be a peer's and long, matches as a whole."""
    match = pattern.fullmatch
    return lambda text: len(text) <= LONGEST and match(text) is not None


def fulfils(object_name: str, questions: Iterable[Question]) -> Callable[[Any], bool]:
    """Give whether an object has all questions answered yes."""
    pairs = [(one.answer, sight_of(object_name, one.view).reader()) for one in questions]

    if len(pairs) == 1:
        ((only, read_only),) = pairs
        return lambda item: only(read_only(item))
    return lambda item: all(answer(read(item)) for answer, read in pairs)
