"""The kinds of check that rules of a profile may name: a closed catalogue, general, without code.

Each kind turns one rule of data into a :class:`Check` of what the rule looks at. What is wrong is
told as the value to be shown, or an empty text where there is none to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import not_
from typing import Any

from gateway.model.datatypes import (
    Code,
    Identifier,
    Organization,
    Person,
    ReferenceId,
    is_date_time,
)
from gateway.model.lifecycle.ids import same_id
from gateway.model.submission import RegistryObject, Submission
from gateway.profile import Profile, Rule, ValueSet
from gateway.validation import formats
from gateway.validation.attributes import ATTRIBUTES, Seen, View
from gateway.validation.rule_parameters import LONGEST, Parameters, Question, matching


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a check may see besides its object.

    Attributes:
        submission: All of it.
        moment: When it was submitted, digits of a DTM; codes must be in use then.
        shared: What was found out about this submission and serves all its objects.
    """

    submission: Submission
    moment: str
    shared: dict[Any, Any] = field(default_factory=dict)


Wrong = Callable[[Seen, Any, Scope], Iterable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a rule asks of an object.

    Attributes:
        view: What it looks at; nothing where it is about the objects around.
        wrong: What is wrong, given what the object shows, the object, and what is around it.
        passes: The quick question, where there is one: answered yes, nothing is wrong. Answered
            no, something may be, and ``wrong`` decides.
        since: The moment from which on the quick answer is right.
    """

    view: View | None
    wrong: Wrong
    passes: Question | None = None
    since: str = ""


def _check(
    view: View,
    passes: Callable[[Seen], bool],
    wrong: Wrong,
    words: frozenset[Any] = frozenset(),
    alone: Callable[[Any], bool] | None = None,
) -> Check:
    return Check(view=view, wrong=wrong, passes=Question(view, passes, words, alone))


# ------------------------------------------------------------ how many


def _present(p: Parameters) -> Check:
    return _check(p.view(), bool, lambda texts, *_: () if texts else ("",))


def _absent(p: Parameters) -> Check:
    return _check(p.view(), not_, lambda texts, *_: texts[:1])


def _cardinality(p: Parameters) -> Check:
    view, least, most = p.view(), p.number("min", 0), p.number("max", 1_000_000)
    return _check(
        view,
        lambda texts: least <= len(texts) <= most,
        lambda texts, *_: () if least <= len(texts) <= most else (str(len(texts)),),
    )


# ------------------------------------------------------------ which texts


def _one_of(p: Parameters) -> Check:
    view, allowed = p.view(), frozenset(p.texts("values"))
    return _check(
        view,
        allowed.issuperset,
        lambda texts, *_: [text for text in texts if text not in allowed],
        words=allowed,
    )


def _none_of(p: Parameters) -> Check:
    view, refused = p.view(), frozenset(p.texts("values"))
    return _check(
        view,
        refused.isdisjoint,
        lambda texts, *_: [text for text in texts if text in refused],
        words=refused,
    )


def _all_of(p: Parameters) -> Check:
    """Each of some values is there."""
    view, wanted = p.view(), p.texts("values")
    words = frozenset(wanted)
    return _check(
        view,
        words.issubset,
        lambda texts, *_: [one for one in wanted if one not in texts],
        words=words,
    )


def _exclusive(p: Parameters) -> Check:
    view, values = p.view(), frozenset(p.texts("values"))

    def wrong(texts: Seen, item: object, scope: Scope) -> Iterator[str]:
        found = sorted(values.intersection(texts))
        if len(found) > 1:
            yield ", ".join(found)

    return _check(view, lambda texts: len(values.intersection(texts)) < 2, wrong, words=values)


def _each(view: View, is_good: Callable[[str], bool]) -> Check:
    """Each text is good on its own."""
    return _check(
        view,
        lambda texts: all(map(is_good, texts)),
        lambda texts, *_: [text for text in texts if not is_good(text)],
        alone=is_good,
    )


def _pattern(p: Parameters) -> Check:
    return _each(p.view(), matching(p.pattern("pattern")))


def _length(p: Parameters) -> Check:
    view, least, most = p.view(), p.number("min", 0), p.number("max", LONGEST)
    return _each(view, lambda text: least <= len(text) <= most)


def _on(kind: Callable[[str], Any], check: Callable[[Any], str | None]) -> Callable[[str], bool]:
    return lambda text: check(kind(text)) is None


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "oid": lambda text: formats.check_oid(text) is None,
    "document-unique-id": lambda text: formats.check_document_unique_id(text) is None,
    "home-community-id": lambda text: formats.check_home(text) is None,
    "language": lambda text: formats.check_language(text) is None,
    "media-type": lambda text: formats.check_mime_type(text) is None,
    "sha-1": lambda text: formats.check_hash(text) is None,
    "octets": lambda text: formats.check_size(text) is None,
    "dtm": is_date_time,
    "cx": _on(Identifier, formats.check_identifier),
    "cxi": _on(ReferenceId, formats.check_reference_id),
    "xcn": _on(Person, formats.check_person),
    "xon": _on(Organization, formats.check_organization),
}
"""The data types that a rule of kind ``format`` may name."""


def _format(p: Parameters) -> Check:
    view, name = p.view(), p.text("format")
    is_good = FORMATS.get(name)
    if is_good is None:
        raise p.fault(f"format {name!r} is none of {', '.join(sorted(FORMATS))}")
    return _each(view, is_good)


def _control_key(p: Parameters) -> Check:
    """A number whose last digits are ``modulus - number mod modulus``.

    ``replace`` says which letters stand for digits, as where a number holds the name of a place
    that is no number. What does not have the length is left to other rules.
    """
    view = p.view()
    digits, key, modulus = p.number("digits"), p.number("key_digits"), p.number("modulus")
    replacements = tuple(p.mapping("replace").items())
    if modulus < 1:
        raise p.fault("modulus is not positive")

    def is_good(text: str) -> bool:
        if len(text) != digits + key:
            return True
        number, last = text[:digits], text[digits:]
        for letters, meant in replacements:
            number = number.replace(letters, meant)
        if not ((number + last).isascii() and number.isdigit() and last.isdigit()):
            return True
        return int(last) == modulus - int(number) % modulus

    return _check(
        view,
        lambda texts: all(map(is_good, texts)),
        # The value is a person's: the finding says where, not what.
        lambda texts, *_: ["" for text in texts if not is_good(text)],
        alone=is_good,
    )


# ------------------------------------------------------------ which codes


_Key = tuple[str, str]
"""Code and scheme."""


def _value_set(p: Parameters) -> Check:
    """Codes in use at the submission's moment, in one of the value sets.

    ``match`` says what is compared: code and scheme, the code alone where the scheme is the set's
    own name or is not written, or the display where the attribute carries nothing else. ``scheme``
    limits the check to the codes of one coding scheme.
    """
    sets, match, scheme = p.value_sets(), p.text("match", "code-and-scheme"), p.text("scheme", "")
    view = p.view(coded=True)
    since = max(one.validity.begin for one in sets)
    words = frozenset().union(*(one.in_use_since(since) for one in sets))
    in_use: Callable[[_Key, str], bool]
    if match == "code-and-scheme":

        def is_good(key: _Key) -> bool:
            return key in words

        def in_use(key: _Key, moment: str) -> bool:
            return any(one.in_use(key, moment) for one in sets)

    elif match in {"code", "display"}:
        keys: dict[str, list[tuple[ValueSet, _Key]]] = {}
        for one in sets:
            for key, known in one.codes.items():
                word = key[0] if match == "code" else (known.display or "")
                keys.setdefault(word, []).append((one, key))
        good = {word for word, found in keys.items() if any(key in words for _, key in found)}

        def is_good(key: _Key) -> bool:
            return key[0] in good

        def in_use(key: _Key, moment: str) -> bool:
            return any(one.in_use(meant, moment) for one, meant in keys.get(key[0], ()))

    else:
        raise p.fault(f"match {match!r} is none of code-and-scheme, code, display")

    def is_right(key: _Key) -> bool:
        return is_good(key) or (scheme != "" and key[1] != scheme)

    def wrong(codes: Seen, item: object, scope: Scope) -> list[str]:
        return [
            f"{code} ({system})" if system else code
            for code, system in codes
            if code
            and (not scheme or system == scheme)
            and not in_use((code, system), scope.moment)
        ]

    all_right = words.issuperset if match == "code-and-scheme" and not scheme else None
    passes = Question(view, all_right or (lambda codes: all(map(is_right, codes))), words, is_right)
    return Check(view=view, wrong=wrong, passes=passes, since=since)


def _one_of_scheme(p: Parameters) -> Check:
    """Between ``min`` and ``max`` codes of a coding scheme; exactly one where nothing is said."""
    view, scheme = p.view(coded=True), p.text("scheme")
    least, most = p.number("min", 1), p.number("max", 1)

    def count(codes: Seen) -> int:
        return [system for _, system in codes].count(scheme)

    return _check(
        view,
        lambda codes: least <= count(codes) <= most,
        lambda codes, *_: () if least <= count(codes) <= most else (str(count(codes)),),
        alone=lambda key: least <= (key[1] == scheme) <= most,
    )


_MAPS: Mapping[str, Callable[[Profile], Mapping[tuple[str, str], Code]]] = {
    "type_to_class": lambda profile: profile.class_by_type,
}


def _map(p: Parameters) -> Check:
    """The code is the one a map gives for another attribute; what the map does not know passes."""
    name, source = p.text("map"), p.reader(p.text("from"), coded=True)
    view = p.view(coded=True)
    if name not in _MAPS:
        raise p.fault(f"map {name!r} is none of {', '.join(sorted(_MAPS))}")
    table = _MAPS[name](p.profile)
    if not table:
        raise p.fault(f"the profile has no map {name}")

    expected = {given: code.key for given, code in table.items()}

    def wrong(codes: Seen, item: object, scope: Scope) -> list[str]:
        return [
            f"{found[0]}, expected {expected[given][0]} for {given[0]}"
            for given in source(item)
            if given in expected
            for found in codes
            if found != expected[given]
        ]

    return Check(view=view, wrong=wrong)


# ------------------------------------------------------------ several objects


def _same_as(p: Parameters) -> Check:
    """The attribute is equal to another one of the same object, or of the SubmissionSet."""
    view, other = p.view(), p.text("other")
    object_name, dot, path = other.partition(".")
    if dot and object_name == "SubmissionSet":
        theirs = p.reader(path, object_name)

        def others(item: object, scope: Scope) -> list[set[str]]:
            found = scope.shared.get(theirs)
            if found is None:
                found = [set(theirs(one)) for one in scope.submission.submission_sets]
                scope.shared[theirs] = found
            return found

    else:
        own = p.reader(other)

        def others(item: object, scope: Scope) -> list[set[str]]:
            return [set(own(item))]

    def wrong(texts: Seen, item: object, scope: Scope) -> tuple[str, ...]:
        mine = set(texts)
        return () if all(mine == one for one in others(item, scope)) else ("",)

    return Check(view=view, wrong=wrong)


_OBJECTS: Mapping[str, Callable[[Submission], tuple[RegistryObject, ...]]] = {
    "DocumentEntry": lambda submission: submission.document_entries,
    "SubmissionSet": lambda submission: submission.submission_sets,
    "Folder": lambda submission: submission.folders,
    "Association": lambda submission: submission.associations,
}


def _objects_of(p: Parameters, name: str) -> Callable[[Submission], tuple[RegistryObject, ...]]:
    if name not in _OBJECTS:
        raise p.fault(f"{name!r} is none of {', '.join(_OBJECTS)}")
    return _OBJECTS[name]


def _number_of(p: Parameters) -> Check:
    """The submission has between ``min`` and ``max`` objects of a kind that fulfil ``where``."""
    of = p.text("of")
    objects, fulfils = _objects_of(p, of), p.conditions("where", of)
    least, most = p.number("min", 0), p.number("max", 1_000_000)

    def wrong(seen: Seen, item: Submission, scope: Scope) -> Iterator[str]:
        count = sum(map(fulfils, objects(scope.submission)))
        if not least <= count <= most:
            yield str(count)

    return Check(view=None, wrong=wrong)


def _linked(p: Parameters) -> Check:
    """The object is the source of an association of a type that leads to an object of a kind."""
    kind, objects = p.text("association"), _objects_of(p, p.text("to"))

    def wrong(seen: Seen, item: RegistryObject, scope: Scope) -> Iterator[str]:
        ids = {same_id(one.entry_uuid) for one in objects(scope.submission)}
        own = same_id(item.entry_uuid)
        for link in scope.submission.associations:
            if (
                link.association_type == kind
                and same_id(link.source_object) == own
                and same_id(link.target_object) in ids
            ):
                return
        yield ""

    return Check(view=None, wrong=wrong)


def _refers_to(p: Parameters) -> Check:
    """The attribute of an association names an object of a kind that fulfils ``where``."""
    of = p.text("of")
    objects, fulfils = _objects_of(p, of), p.conditions("where", of)

    def wrong(texts: Seen, item: object, scope: Scope) -> Iterator[str]:
        named = set(map(same_id, texts))
        ids = {
            found
            for one in objects(scope.submission)
            if (found := same_id(one.entry_uuid)) in named and fulfils(one)
        }
        yield from (text for text in texts if same_id(text) not in ids)

    return Check(view=p.view(), wrong=wrong)


KINDS: Mapping[str, Callable[[Parameters], Check]] = {
    "present": _present,
    "absent": _absent,
    "cardinality": _cardinality,
    "one_of": _one_of,
    "none_of": _none_of,
    "all_of": _all_of,
    "pattern": _pattern,
    "format": _format,
    "length": _length,
    "control_key": _control_key,
    "value_set": _value_set,
    "one_of_scheme": _one_of_scheme,
    "exclusive": _exclusive,
    "map": _map,
    "same_as": _same_as,
    "number_of": _number_of,
    "linked": _linked,
    "refers_to": _refers_to,
}
"""Every kind a rule may name."""

OF_A_SUBMISSION = frozenset({"number_of"})
"""Kinds that look at a submission as a whole; all others look at one object."""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A check and its conditions: it counts where all of ``when`` hold, and not all ``unless``."""

    when: tuple[Question, ...]
    unless: tuple[Question, ...]
    check: Check


def make_check(rule: Rule, profile: Profile) -> Guarded:
    """Give the check of a rule and its conditions.

    Raises:
        ProfileFault: When the catalogue does not have what the rule names.
    """
    p = Parameters(rule, profile)
    kind = KINDS.get(rule.kind)
    if kind is None:
        raise p.fault(f"kind {rule.kind!r} is none of {', '.join(sorted(KINDS))}")
    whole = rule.kind in OF_A_SUBMISSION
    if whole != (rule.object == "Submission") or (not whole and rule.object not in ATTRIBUTES):
        raise p.fault(f"{rule.kind} does not look at {rule.object!r}")
    if whole and (rule.when or rule.unless or rule.attribute):
        raise p.fault(f"{rule.kind} takes neither attribute nor conditions; it has where")
    check = kind(p)
    when = tuple(p.test(one) for one in rule.when)
    unless = tuple(p.test(one) for one in rule.unless)
    p.refuse_unknown()
    return Guarded(when, unless, check)
