"""The rules about one sort of object as a plan: which of them an object may break, and how it does.

Nearly every object keeps nearly every rule, so that must cost next to nothing. Each attribute is
looked at once, for all rules: what it shows settles those that it keeps, and those of which a
condition does not hold. What no attribute settles is asked what is wrong, one rule after the other.

Sets of rules are numbers with a bit for each rule, so that two sets have what they share in one
step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import not_
from typing import Any, NamedTuple

from gateway.validation.attributes import Seen, Sight, View, sight_of
from gateway.validation.rule_kinds import Guarded, Scope
from gateway.validation.rule_parameters import Question, fulfils


class _Settling(NamedTuple):
    """A question that settles a rule (a bit) where it is answered like this."""

    rule: int
    question: Question
    answer: bool


_OTHER = object()
"""Stands for every text or code that a question does not tell apart."""


def _left(seen: Seen, settling: Sequence[_Settling], rules: int) -> int:
    for rule, question, answer in settling:
        if question.answer(seen) is answer:
            rules &= ~rule
    return rules


class _Look:
    """What one view settles.

    Attributes:
        known: The rules that are left by each text or code that some question tells apart.
        other: Those that are left by any other; nothing where it depends on what is inside.
    """

    def __init__(self, sight: Sight, settling: Sequence[_Settling], every: int) -> None:
        self.sight = sight
        self._settling = settling
        self._every = every
        alike = [one for one in settling if not one.question.alone]
        self._by_any_other = _left((_OTHER,), alike, every)
        self._inside = [
            (every & ~rule, question.alone, answer)
            for rule, question, answer in settling
            if question.alone
        ]
        self.other = None if self._inside else self._by_any_other
        self._only_presence = all(one.question.answer in (bool, not_) for one in settling)
        words: frozenset[Any] = frozenset().union(*(one.question.words for one in settling))
        self.known = {word: _left((word,), settling, every) for word in words}
        self.known[""] = self.known[None] = _left((), settling, every)

    def left(self, seen: Seen) -> int:
        """Give the rules that any number of texts or codes leave."""
        if seen and self._only_presence:
            return self._by_any_other
        return _left(seen, self._settling, self._every)

    def left_by_other(self, word: Any) -> int:
        """Give the rules that a text or code leaves which is not known."""
        rules = self._by_any_other
        for others, question, answer in self._inside:
            if question(word) is answer:
                rules &= others
        return rules


class _Attribute:
    """All that is looked at in one attribute."""

    def __init__(self, looks: Sequence[_Look], every: int) -> None:
        self.sight = looks[0].sight
        self.looks = [(one.sight.show, one.known.get, one.other, one) for one in looks]
        self._every = every
        self.absent = self.left_by_several(())

    def left_by_several(self, values: tuple[Any, ...]) -> int:
        """Give the rules that any number of values leave."""
        rules = self._every
        for _, _, _, look in self.looks:
            rules &= look.left(look.sight.read_value(values))
        return rules

    def left_by_parts(self, value: Any) -> int:
        """Give the rules that a value leaves which is taken apart."""
        sight, rules = self.sight, self._every
        inside = sight.split(value) if sight.split else value
        for show, known, other, look in self.looks:
            word = show(inside)
            left = known(word, other)
            if sight.whole and type(word) is tuple:
                left = look.left(word)
            elif left is None:
                left = look.left_by_other(word)
            rules &= left
        return rules


class Plan:
    """Rules about one sort of object, by their numbers."""

    def __init__(self, object_name: str, rules: Sequence[Guarded]) -> None:
        """Plan rules, whose order is the one in which breaches are told."""
        self._every = (1 << len(rules)) - 1
        self._attributes = [
            (one.sight.get, one.sight.split is None, one.sight.whole, one.absent, one.looks, one)
            for one in _attributes(object_name, rules, self._every)
        ]
        self._rules = [
            (_condition(object_name, rule), _reader(object_name, rule), rule.check.wrong)
            for rule in rules
        ]
        self._since = max(rule.check.since for rule in rules)
        self._dated = sum(1 << n for n, rule in enumerate(rules) if rule.check.since)

    def left(self, item: Any, scope: Scope) -> int:
        """Give the rules that an object may break, as bits: all that no attribute settles.

        What has many parts, a patient or a person, is often the same for several objects of a
        submission, and looked at once.
        """
        rules, shared = self._every, scope.shared
        for get, simple, whole, absent, looks, attribute in self._attributes:
            value = get(item)
            if type(value) is tuple and not whole:
                if len(value) > 1:
                    rules &= attribute.left_by_several(value)
                    continue
                value = value[0] if value else None
            if value is None:
                rules &= absent
            elif simple:
                for show, known, other, look in looks:
                    word = show(value)
                    left = known(word, other)
                    rules &= look.left_by_other(word) if left is None else left
            else:
                key = (get, getattr(value, "text", value))
                left = shared.get(key)
                if left is None:
                    left = shared[key] = attribute.left_by_parts(value)
                rules &= left
        return rules | self._dated if scope.moment < self._since else rules

    def breaches(self, left: int, item: Any, scope: Scope) -> list[tuple[int, str]]:
        """Give the number of each rule that an object breaks, in order, and the value to show.

        Args:
            left: The rules it may break.
        """
        found = []
        while left:
            lowest = left & -left
            left ^= lowest
            number = lowest.bit_length() - 1
            applies, read, wrong = self._rules[number]
            if applies is None or applies(item):
                for value in wrong(read(item), item, scope):
                    found.append((number, value))
        return found


def _condition(object_name: str, rule: Guarded) -> Callable[[Any], bool] | None:
    """Whether a rule that is left applies to an object; nothing where it does.

    What was looked at has settled every rule that does not apply, with two exceptions: several
    exceptions to a rule count together only, and dated rules are left to older submissions.
    """
    if len(rule.unless) < 2 and not rule.check.since:
        return None
    when, unless = fulfils(object_name, rule.when), fulfils(object_name, rule.unless)
    if not rule.unless:
        return when if rule.when else None
    return lambda item: when(item) and not unless(item)


def _reader(object_name: str, rule: Guarded) -> Callable[[Any], Seen]:
    view = rule.check.view
    return sight_of(object_name, view).reader() if view else _nothing


def _nothing(item: object) -> Seen:
    return ()


def _attributes(object_name: str, rules: Sequence[Guarded], every: int) -> list[_Attribute]:
    by_view: dict[View, list[_Settling]] = {}
    for number, rule in enumerate(rules):
        settling = [_Settling(1 << number, question, False) for question in rule.when]
        if len(rule.unless) == 1:  # of several, none settles it alone
            settling.append(_Settling(1 << number, rule.unless[0], True))
        if rule.check.passes:
            settling.append(_Settling(1 << number, rule.check.passes, True))
        for one in settling:
            by_view.setdefault(one.question.view, []).append(one)
    by_name: dict[str, list[_Look]] = {}
    for view, found in by_view.items():
        sight = sight_of(object_name, view)
        by_name.setdefault(sight.name, []).append(_Look(sight, found, every))
    return [_Attribute(looks, every) for looks in by_name.values()]
