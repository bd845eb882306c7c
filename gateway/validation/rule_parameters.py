"""What a rule of a profile tells its check: parameters, conditions, attributes, each of its form.

A parameter nobody knows, a missing one and one of the wrong form stop the start with the names of
file and rule, not a submission.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from gateway.profile import Profile, ProfileFault, Rule, RuleCondition, ValueSet
from gateway.profile.rules import condition_of
from gateway.validation.attributes import Codes, Texts, UnknownAttribute, codes_of, texts_of

LONGEST = 2000
"""Characters of a value that a pattern is tried on; a longer value does not match."""

Test = Callable[[Any], bool]
"""Whether an object fulfils a condition."""


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

    def conditions(self, name: str, object_name: str) -> tuple[Test, ...]:
        """A list of conditions on an object; empty where it is not given."""
        value = self._left.pop(name, ())
        if not isinstance(value, tuple):
            raise self.fault(f"{name} is not a list of conditions")
        conditions = tuple(condition_of(one, self.rule) for one in value)
        return tuple(self.test(one, object_name) for one in conditions)

    def pattern(self, name: str) -> re.Pattern[str]:
        """A regular expression; required."""
        return self.compiled(self.text(name))

    def compiled(self, pattern: str) -> re.Pattern[str]:
        """A regular expression, or the fault that says what is wrong with it."""
        try:
            return re.compile(pattern, re.ASCII)
        except re.error as error:
            raise self.fault(f"{pattern!r} is no regular expression: {error}") from None

    def readers(self, path: str = "", object_name: str = "") -> Texts:
        """What reads an attribute, the rule's own where none is named."""
        try:
            return texts_of(object_name or self.rule.object, path or self.rule.attribute)
        except UnknownAttribute as unknown:
            raise self.fault(str(unknown)) from None

    def codes(self, path: str = "") -> Codes:
        """What reads the codes of an attribute, the rule's own where none is named."""
        try:
            return codes_of(self.rule.object, path or self.rule.attribute)
        except UnknownAttribute as unknown:
            raise self.fault(str(unknown)) from None

    def value_sets(self) -> tuple[ValueSet, ...]:
        """The value sets a rule names; required."""
        names = self.texts("value_sets")
        for name in names:
            if name not in self.profile.value_sets:
                raise self.fault(f"{name} is no file in value-sets")
        return tuple(self.profile.value_sets[name] for name in names)

    def test(self, condition: RuleCondition, object_name: str = "") -> Test:
        """A condition as a function of an object."""
        read = self.readers(condition.attribute, object_name)
        if condition.present is not None:
            present = condition.present
            return lambda item: bool(read(item)) is present
        if condition.one_of:
            wanted = frozenset(condition.one_of)
            return lambda item: not wanted.isdisjoint(read(item))
        if condition.none_of:
            unwanted = frozenset(condition.none_of)
            return lambda item: unwanted.isdisjoint(read(item))
        pattern = self.compiled(condition.matches)
        return lambda item: any(matches(pattern, text) for text in read(item))

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


def matches(pattern: re.Pattern[str], text: str) -> bool:
    """Whether a text, which may be a peer's and long, matches as a whole."""
    return len(text) <= LONGEST and pattern.fullmatch(text) is not None
