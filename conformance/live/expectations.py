"""What an answer has to be: the table ``expect`` of a step, word by word.

| word | asks |
|---|---|
| `status` | the HTTP status, or one of several |
| `response` | the status of a registry's answer: `Success`, `PartialSuccess`, `Failure` |
| `errors` | error codes that must all be there; an empty list: none may be |
| `one_of` | error codes of which one must be there |
| `warnings` | warning codes that must be there |
| `says` | texts that stand somewhere in the answer |
| `fault` | a SOAP fault with this word in its codes |
| `see` | values by path: `equals`, `matches`, `contains`, `count`, `exists`, `among`, `at_least` |
| `headers` | by name, a pattern |
| `octets` | the whole body is this text |
| `documents` | the documents of a retrieval, in their order |
| `mtom` | documents travel beside the message (true) or not (false) |
| `valid` | profiles the resource must be valid against |
| `same_as` | an earlier step whose answer tells the same; `but` says which id stands for which |
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from conformance.live import sentences as says
from conformance.live.answers import Answer, PathFault
from conformance.live.comparing import differences
from conformance.live.sentences import Said, joined
from conformance.suite.values import Step
from conformance.suite.words import Scope, WordFault
from gateway.validation.issue import Issue, IssueKind, IssueSeverity

Judge = Callable[[Mapping[str, Any], tuple[str, ...]], Iterable[Issue]]
"""Judges a resource against profiles."""


def check(
    step: Step, scope: Scope, answer: Answer, earlier: Mapping[str, Answer], judge: Judge | None
) -> tuple[Issue, ...]:
    """Give everything in which an answer is not what it has to be.

    Raises:
        SuiteFault: When the expectation itself cannot be understood.
    """
    expect: Mapping[str, Any] = step.table.get("expect", {})
    found: list[Issue] = []
    for word, wanted in expect.items():
        if word == "but":
            continue
        if word == "same_as":
            found += _same(step, scope, answer, earlier, str(wanted), expect.get("but", {}))
        elif word == "valid":
            found += _valid(answer, tuple(wanted), judge)
        else:
            try:
                found += _CHECKS[word](answer, wanted, scope)
            except WordFault as fault:
                raise step.fault(str(fault)) from None
    return (*(issue_of("live-form", one) for one in answer.trouble), *found)


def issue_of(rule: str, said: Said, location: str = "", told: str = "") -> Issue:
    """Give the issue of a live test.

    Args:
        told: What the server said, alike in every language.
    """
    return Issue(
        rule=rule,
        severity=IssueSeverity.ERROR,
        kind=IssueKind.MESSAGE,
        message=said.en + told,
        message_fr=said.says("fr") + told,
        location=location,
    )


def _told(answer: Answer) -> str:
    """What a server said of its errors, shortly."""
    said = "; ".join(f"{code}: {text}" for code, text, _ in answer.reported if code)
    return f" ({said[:600]})" if said else ""


def _status(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    if answer.status not in allowed:
        said = says.RECEIVED.of(wanted=joined(allowed, says.OR), found=answer.status)
        yield issue_of("live-status", said, told=_told(answer))


def _response(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    found = answer.response_status
    if found not in allowed:
        fault = says.A_FAULT.of(codes=answer.fault) if answer.fault else says.NO_SUCH_ANSWER
        said = says.RECEIVED.of(wanted=joined(allowed, says.OR), found=found or fault)
        yield issue_of("live-response", said, told=_told(answer))


def _errors(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    codes = answer.error_codes
    if not wanted and codes:
        yield issue_of("live-error-code", says.NO_ERROR_EXPECTED, told=_told(answer))
    for code in wanted:
        if code not in codes:
            found = ", ".join(codes) or says.NO_ERROR
            said = says.RECEIVED.of(wanted=says.AN_ERROR.of(code=code), found=found)
            yield issue_of("live-error-code", said, told=_told(answer))


def _one_of(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    if not set(wanted) & set(answer.error_codes):
        found = ", ".join(answer.error_codes) or says.NO_ERROR
        asked = says.ONE_OF_ERRORS.of(codes=", ".join(wanted))
        yield issue_of("live-error-code", says.RECEIVED.of(wanted=asked, found=found))


def _warnings(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    for code in wanted:
        if code not in answer.warning_codes:
            found = ", ".join(answer.warning_codes) or says.NO_WARNING
            asked = says.A_WARNING.of(code=code)
            yield issue_of("live-error-code", says.RECEIVED.of(wanted=asked, found=found))


def _says(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    text = answer.message.decode("utf-8", "replace")
    for one in wanted if isinstance(wanted, list) else [wanted]:
        filled = scope.filled(one)
        if filled not in text:
            said = says.NOT_IN_ANSWER.of(text=repr(filled))
            yield issue_of("live-content", said, told=_told(answer))


def _fault(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    found = answer.fault
    if not found or str(wanted) not in found:
        shown = found or answer.response_status or says.A_STATUS.of(status=answer.status)
        said = says.RECEIVED.of(wanted=says.SOME_FAULT.of(code=wanted), found=shown)
        yield issue_of("live-fault", said)


def _headers(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    for name, pattern in wanted.items():
        found = answer.headers.get(name.lower())
        if found is None:
            yield issue_of("live-header", says.NO_HEADER.of(name=name), name)
        elif not re.search(scope.filled(pattern), found):
            yield issue_of("live-header", says.RECEIVED.of(wanted=pattern, found=found), name)


def _octets(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    yield from _compared(scope.filled(wanted).encode(), answer.octets, says.THE_BODY)


def _documents(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    found = answer.documents
    if len(found) != len(wanted):
        said = says.DOCUMENTS.of(wanted=len(wanted), found=len(found))
        yield issue_of("live-octets", said, told=_told(answer))
    for number, (text, octets) in enumerate(zip(wanted, found, strict=False), 1):
        if octets is None:
            yield issue_of("live-octets", says.DID_NOT_COME.of(number=number))
        else:
            what = says.DOCUMENT.of(number=number)
            yield from _compared(scope.filled(text).encode(), octets, what)


def _compared(wanted: bytes, found: bytes, what: Said) -> Iterator[Issue]:
    if wanted != found:
        hashes = [hashlib.sha1(one, usedforsecurity=False).hexdigest() for one in (wanted, found)]
        said = says.OTHER_OCTETS.of(
            what=what,
            found=len(found),
            found_hash=hashes[1],
            wanted=len(wanted),
            wanted_hash=hashes[0],
        )
        yield issue_of("live-octets", said)


def _mtom(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    if answer.is_multipart is not wanted:
        said = says.RECEIVED.of(
            wanted=says.DOCUMENTS_BESIDE if wanted else says.MESSAGE_ALONE,
            found=answer.media_type or says.NO_CONTENT_TYPE,
        )
        yield issue_of("live-packaging", said, "Content-Type")
    elif wanted and answer.documents and not answer.values("//ihe:Document/xop:Include"):
        yield issue_of("live-packaging", says.DOCUMENTS_INSIDE)


def _see(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    for table in wanted:
        path = scope.filled(table["path"])
        try:
            values = answer.values(path)
        except PathFault as fault:
            yield issue_of("live-form", fault.said, path, _told(answer))
            continue
        shown = ", ".join(_text(one) for one in values[:8])[:400] or says.NOTHING
        for word, asked in table.items():
            if word in ("path", "why"):
                continue
            complaint = _SIGHTS[word](values, asked, scope)
            if complaint is not None:
                why = f" ({table['why']})" if "why" in table else ""
                said = says.FOUND.of(wanted=complaint, found=shown)
                yield issue_of("live-content", said, path, why + _told(answer))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _filled(asked: Any, scope: Scope) -> list[str]:
    return [scope.filled(_text(one)) for one in (asked if isinstance(asked, list) else [asked])]


def _equals(values: list[Any], asked: Any, scope: Scope) -> Said | None:
    wanted = _filled(asked, scope)
    if [_text(one) for one in values] == wanted:
        return None
    return joined(wanted, says.AND) if any(wanted) else says.NOTHING


def _any_order(values: list[Any], asked: Any, scope: Scope) -> Said | None:
    wanted = sorted(_filled(asked, scope))
    found = sorted(_text(one) for one in values)
    return None if found == wanted else says.IN_ANY_ORDER.of(values=joined(wanted, says.AND))


def _matches(values: list[Any], asked: Any, scope: Scope) -> Said | None:
    pattern = scope.filled(asked)
    fits = values and all(re.fullmatch(pattern, _text(one)) for one in values)
    return None if fits else says.OF_THE_FORM.of(pattern=pattern)


def _contains(values: list[Any], asked: Any, scope: Scope) -> Said | None:
    there = [_text(value) for value in values]
    missing = [one for one in _filled(asked, scope) if one not in there]
    return says.AMONG_THEM.of(values=joined(missing, says.AND)) if missing else None


def _lacks(values: list[Any], asked: Any, scope: Scope) -> Said | None:
    found = [_text(value) for value in values]
    there = [one for one in _filled(asked, scope) if one in found]
    return says.NOT_AMONG_THEM.of(values=joined(there, says.AND_NO)) if there else None


def _count(values: list[Any], asked: Any, _: Scope) -> Said | None:
    return None if len(values) == asked else says.SO_MANY.of(count=asked)


def _at_least(values: list[Any], asked: Any, _: Scope) -> Said | None:
    return None if len(values) >= asked else says.AT_LEAST.of(count=asked)


def _exists(values: list[Any], asked: Any, _: Scope) -> Said | None:
    return None if bool(values) is asked else says.SOMETHING if asked else says.NOTHING


def _among(values: list[Any], asked: Any, scope: Scope) -> Said | None:
    wanted = _filled(asked, scope)
    fits = values and all(_text(one) in wanted for one in values)
    return None if fits else says.ONE_OF.of(values=", ".join(wanted))


def _differs(values: list[Any], asked: Any, scope: Scope) -> Said | None:
    wanted = scope.filled(_text(asked))
    found = [_text(one) for one in values]
    return says.ANOTHER.of(value=wanted) if wanted in found else None


SIGHT_WORDS: Final = [
    "equals",
    "any_order",
    "matches",
    "contains",
    "lacks",
    "count",
    "at_least",
    "exists",
    "among",
    "differs",
]
_SIGHTS: Final[dict[str, Callable[[list[Any], Any, Scope], Said | None]]] = dict(
    zip(
        SIGHT_WORDS,
        (
            _equals,
            _any_order,
            _matches,
            _contains,
            _lacks,
            _count,
            _at_least,
            _exists,
            _among,
            _differs,
        ),
        strict=True,
    )
)

_CHECKS: Final[dict[str, Callable[[Answer, Any, Scope], Iterator[Issue]]]] = {
    "status": _status,
    "response": _response,
    "errors": _errors,
    "one_of": _one_of,
    "warnings": _warnings,
    "says": _says,
    "fault": _fault,
    "headers": _headers,
    "octets": _octets,
    "documents": _documents,
    "mtom": _mtom,
    "see": _see,
}


def _same(
    step: Step,
    scope: Scope,
    answer: Answer,
    earlier: Mapping[str, Answer],
    name: str,
    but: Mapping[str, str],
) -> list[Issue]:
    if name not in earlier:
        raise step.fault(f"there is no earlier step with the id {name}")
    # A step's own variables stand for one of the two; what they are called outside is meant here.
    around = scope.outer or scope
    instead = {around.filled(old): around.filled(new) for old, new in but.items()}
    return [
        issue_of("live-difference", says.DIFFERS.of(name=name, told=told))
        for told in differences(answer, earlier[name], instead)
    ]


def _valid(answer: Answer, profiles: tuple[str, ...], judge: Judge | None) -> list[Issue]:
    if not isinstance(answer.json, dict):
        return [issue_of("live-form", says.NO_RESOURCE, told=_told(answer))]
    if judge is None:
        return [
            Issue(
                rule="fhir-not-checked",
                severity=IssueSeverity.INFORMATION,
                kind=IssueKind.NOT_CHECKED,
                message=says.NO_JUDGE.en,
                message_fr=says.NO_JUDGE.fr,
            )
        ]
    return [one for one in judge(answer.json, profiles) if one.severity is IssueSeverity.ERROR]
