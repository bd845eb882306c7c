"""The kinds of check that rules of a profile may name: a closed catalogue, general, without code.

Each kind turns one rule of data into a function that looks at one object and yields what is wrong:
the value to be shown, or an empty text where there is none to show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.model.datatypes import Code, DateTime, Identifier, Organization, Person, ReferenceId
from gateway.model.lifecycle.ids import same_id
from gateway.model.submission import RegistryObject, Submission
from gateway.profile import Profile, Rule, ValueSet
from gateway.validation import formats
from gateway.validation.attributes import ATTRIBUTES
from gateway.validation.rule_parameters import LONGEST, Parameters, Test, matches


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a check may see besides its object.

    Attributes:
        submission: All of it.
        moment: When it was submitted, digits of a DTM; codes must be in use then.
    """

    submission: Submission
    moment: str


Check = Callable[[Any, Scope], Iterable[str]]
"""What is wrong with an object, seen in its submission."""


# ------------------------------------------------------------ how many


def _present(p: Parameters) -> Check:
    read = p.readers()
    return lambda item, scope: () if read(item) else ("",)


def _absent(p: Parameters) -> Check:
    read = p.readers()
    return lambda item, scope: read(item)[:1]


def _cardinality(p: Parameters) -> Check:
    read = p.readers()
    least, most = p.number("min", 0), p.number("max", 1_000_000)

    def check(item: object, scope: Scope) -> tuple[str, ...]:
        count = len(read(item))
        return () if least <= count <= most else (str(count),)

    return check


# ------------------------------------------------------------ which texts


def _one_of(p: Parameters) -> Check:
    read, allowed = p.readers(), frozenset(p.texts("values"))
    return lambda item, scope: [text for text in read(item) if text not in allowed]


def _none_of(p: Parameters) -> Check:
    read, refused = p.readers(), frozenset(p.texts("values"))
    return lambda item, scope: [text for text in read(item) if text in refused]


def _pattern(p: Parameters) -> Check:
    read, pattern = p.readers(), p.pattern("pattern")
    return lambda item, scope: [text for text in read(item) if not matches(pattern, text)]


def _length(p: Parameters) -> Check:
    read = p.readers()
    least, most = p.number("min", 0), p.number("max", LONGEST)
    return lambda item, scope: [text for text in read(item) if not least <= len(text) <= most]


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
    "dtm": _on(DateTime, formats.check_date_time),
    "cx": _on(Identifier, formats.check_identifier),
    "cxi": _on(ReferenceId, formats.check_reference_id),
    "xcn": _on(Person, formats.check_person),
    "xon": _on(Organization, formats.check_organization),
}
"""The data types that a rule of kind ``format`` may name."""


def _format(p: Parameters) -> Check:
    read, name = p.readers(), p.text("format")
    is_good = FORMATS.get(name)
    if is_good is None:
        raise p.fault(f"format {name!r} is none of {', '.join(sorted(FORMATS))}")
    return lambda item, scope: [text for text in read(item) if not is_good(text)]


def _control_key(p: Parameters) -> Check:
    """A number whose last digits are ``modulus - number mod modulus``.

    ``replace`` says which letters stand for digits, as where a number holds the name of a place
    that is no number. What does not have the length is left to other rules.
    """
    read = p.readers()
    digits, key, modulus = p.number("digits"), p.number("key_digits"), p.number("modulus")
    replacements = p.mapping("replace")
    if modulus < 1:
        raise p.fault("modulus is not positive")

    def is_wrong(text: str) -> bool:
        number, last = text[:digits], text[digits:]
        for letters, meant in replacements.items():
            number = number.replace(letters, meant)
        if len(text) != digits + key or not (number + last).isascii():
            return False
        if not (number.isdigit() and last.isdigit()):
            return False
        return int(last) != modulus - int(number) % modulus

    # The value is a person's: the finding says where, not what.
    return lambda item, scope: ["" for text in read(item) if is_wrong(text)]


# ------------------------------------------------------------ which codes


def _value_set(p: Parameters) -> Check:
    """Codes in use at the submission's moment, in one of the value sets.

    ``match`` says what is compared: code and scheme, the code alone where the scheme is the set's
    own name or is not written, or the display where the attribute carries nothing else. ``scheme``
    limits the check to the codes of one coding scheme.
    """
    sets, match, scheme = p.value_sets(), p.text("match", "code-and-scheme"), p.text("scheme", "")
    read = p.codes()
    in_use: Callable[[Code, str], bool]
    if match == "code-and-scheme":
        always = frozenset().union(*(one.always for one in sets))

        def in_use(code: Code, moment: str) -> bool:
            key = code.key
            return key in always or any(one.in_use(key, moment) for one in sets)

    elif match in {"code", "display"}:
        keys: dict[str, list[tuple[ValueSet, tuple[str, str]]]] = {}
        for one in sets:
            for key, known in one.codes.items():
                word = key[0] if match == "code" else (known.display or "")
                keys.setdefault(word, []).append((one, key))

        def in_use(code: Code, moment: str) -> bool:
            return any(one.in_use(key, moment) for one, key in keys.get(code.code, ()))

    else:
        raise p.fault(f"match {match!r} is none of code-and-scheme, code, display")

    def check(item: object, scope: Scope) -> list[str]:
        return [
            f"{code.code} ({code.scheme})" if code.scheme else code.code
            for code in read(item)
            if code.code
            and (not scheme or code.scheme == scheme)
            and not in_use(code, scope.moment)
        ]

    return check


def _one_of_scheme(p: Parameters) -> Check:
    """Between ``min`` and ``max`` codes of a coding scheme; exactly one where nothing is said."""
    read, scheme = p.codes(), p.text("scheme")
    least, most = p.number("min", 1), p.number("max", 1)

    def check(item: object, scope: Scope) -> Iterator[str]:
        count = sum(code.scheme == scheme for code in read(item))
        if not least <= count <= most:
            yield str(count)

    return check


def _exclusive(p: Parameters) -> Check:
    read, codes = p.readers(), p.texts("values")

    def check(item: object, scope: Scope) -> Iterator[str]:
        found = sorted(set(read(item)).intersection(codes))
        if len(found) > 1:
            yield ", ".join(found)

    return check


def _all_of(p: Parameters) -> Check:
    """Each of some values is there."""
    read, wanted = p.readers(), p.texts("values")

    def check(item: object, scope: Scope) -> Iterator[str]:
        found = set(read(item))
        yield from (one for one in wanted if one not in found)

    return check


_MAPS: Mapping[str, Callable[[Profile], Mapping[tuple[str, str], Code]]] = {
    "type_to_class": lambda profile: profile.class_by_type,
}


def _map(p: Parameters) -> Check:
    """The code is the one a map gives for another attribute; what the map does not know passes."""
    name, source, read = p.text("map"), p.codes(p.text("from")), p.codes()
    if name not in _MAPS:
        raise p.fault(f"map {name!r} is none of {', '.join(sorted(_MAPS))}")
    table = _MAPS[name](p.profile)
    if not table:
        raise p.fault(f"the profile has no map {name}")

    def check(item: object, scope: Scope) -> Iterator[str]:
        for given in source(item):
            expected = table.get(given.key)
            for found in read(item):
                if expected is not None and expected.key != found.key:
                    yield f"{found.code}, expected {expected.code} for {given.code}"

    return check


# ------------------------------------------------------------ several objects


def _same_as(p: Parameters) -> Check:
    """The attribute is equal to another one of the same object, or of the SubmissionSet."""
    other = p.text("other")
    object_name, dot, path = other.partition(".")
    read = p.readers()
    if dot and object_name == "SubmissionSet":
        theirs = p.readers(path, object_name)
        return lambda item, scope: (
            ("",)
            if any(set(read(item)) != set(theirs(one)) for one in scope.submission.submission_sets)
            else ()
        )
    own = p.readers(other)
    return lambda item, scope: ("",) if set(read(item)) != set(own(item)) else ()


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
    objects, where = _objects_of(p, of), p.conditions("where", of)
    least, most = p.number("min", 0), p.number("max", 1_000_000)

    def check(item: Submission, scope: Scope) -> Iterator[str]:
        count = sum(all(test(one) for test in where) for one in objects(scope.submission))
        if not least <= count <= most:
            yield str(count)

    return check


def _linked(p: Parameters) -> Check:
    """The object is the source of an association of a type that leads to an object of a kind."""
    kind, objects = p.text("association"), _objects_of(p, p.text("to"))

    def check(item: RegistryObject, scope: Scope) -> Iterator[str]:
        ids = {same_id(one.entry_uuid) for one in objects(scope.submission)}
        own = same_id(item.entry_uuid)
        if not any(
            link.association_type == kind
            and same_id(link.source_object) == own
            and same_id(link.target_object) in ids
            for link in scope.submission.associations
        ):
            yield ""

    return check


def _refers_to(p: Parameters) -> Check:
    """The attribute of an association names an object of a kind that fulfils ``where``."""
    of = p.text("of")
    objects, where, read = _objects_of(p, of), p.conditions("where", of), p.readers()

    def check(item: object, scope: Scope) -> Iterator[str]:
        ids = {
            same_id(one.entry_uuid)
            for one in objects(scope.submission)
            if all(test(one) for test in where)
        }
        yield from (text for text in read(item) if same_id(text) not in ids)

    return check


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


def make_check(rule: Rule, profile: Profile) -> tuple[tuple[Test, ...], tuple[Test, ...], Check]:
    """Give the conditions ``when`` and ``unless`` of a rule, and its check.

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
    return when, unless, check
