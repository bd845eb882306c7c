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

from conformance.live.answers import Answer, PathFault
from conformance.live.comparing import differences
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
    return (*(_issue("live-form", text) for text in answer.trouble), *found)


def _issue(rule: str, message: str, location: str = "") -> Issue:
    return Issue(
        rule=rule,
        severity=IssueSeverity.ERROR,
        kind=IssueKind.MESSAGE,
        message=message,
        location=location,
    )


def _told(answer: Answer) -> str:
    """What a server said of its errors, shortly."""
    said = "; ".join(f"{code}: {text}" for code, text, _ in answer.reported if code)
    return f" ({said[:600]})" if said else ""


def _status(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    if answer.status not in allowed:
        what = " or ".join(str(one) for one in allowed)
        yield _issue("live-status", f"expected {what}, received {answer.status}{_told(answer)}")


def _response(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    allowed = wanted if isinstance(wanted, list) else [wanted]
    found = answer.response_status
    if found not in allowed:
        shown = found or (f"the fault {answer.fault}" if answer.fault else "no such answer")
        what = " or ".join(allowed)
        yield _issue("live-response", f"expected {what}, received {shown}{_told(answer)}")


def _errors(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    codes = answer.error_codes
    if not wanted and codes:
        yield _issue("live-error-code", f"expected no error, received{_told(answer)}")
    for code in wanted:
        if code not in codes:
            shown = ", ".join(codes) or "none"
            yield _issue(
                "live-error-code", f"expected the error {code}, received {shown}{_told(answer)}"
            )


def _one_of(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    if not set(wanted) & set(answer.error_codes):
        shown = ", ".join(answer.error_codes) or "none"
        yield _issue(
            "live-error-code", f"expected one of the errors {', '.join(wanted)}, received {shown}"
        )


def _warnings(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    for code in wanted:
        if code not in answer.warning_codes:
            shown = ", ".join(answer.warning_codes) or "none"
            yield _issue("live-error-code", f"expected the warning {code}, received {shown}")


def _says(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    text = answer.message.decode("utf-8", "replace")
    for one in wanted if isinstance(wanted, list) else [wanted]:
        filled = scope.filled(one)
        if filled not in text:
            yield _issue("live-content", f"{filled!r} does not stand in the answer{_told(answer)}")


def _fault(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    found = answer.fault
    if not found or str(wanted) not in found:
        shown = found or answer.response_status or f"status {answer.status}"
        yield _issue("live-fault", f"expected a fault {wanted}, received {shown}")


def _headers(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    for name, pattern in wanted.items():
        found = answer.headers.get(name.lower())
        if found is None:
            yield _issue("live-header", f"there is no header {name}", name)
        elif not re.search(scope.filled(pattern), found):
            yield _issue("live-header", f"expected {pattern}, received {found}", name)


def _octets(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    yield from _compared(scope.filled(wanted).encode(), answer.octets, "the body")


def _documents(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    found = answer.documents
    if len(found) != len(wanted):
        yield _issue(
            "live-octets", f"expected {len(wanted)} documents, received {len(found)}{_told(answer)}"
        )
    for number, (text, octets) in enumerate(zip(wanted, found, strict=False), 1):
        if octets is None:
            yield _issue("live-octets", f"document {number} is referred to and did not come")
        else:
            yield from _compared(scope.filled(text).encode(), octets, f"document {number}")


def _compared(wanted: bytes, found: bytes, what: str) -> Iterator[Issue]:
    if wanted != found:
        hashes = [hashlib.sha1(one, usedforsecurity=False).hexdigest() for one in (wanted, found)]
        yield _issue(
            "live-octets",
            f"{what} has {len(found)} octets (SHA-1 {hashes[1]}), expected {len(wanted)} "
            f"(SHA-1 {hashes[0]})",
        )


def _mtom(answer: Answer, wanted: Any, _: Scope) -> Iterator[Issue]:
    if answer.is_multipart is not wanted:
        shown = answer.media_type or "no content type"
        asked = "multipart/related with the documents beside it" if wanted else "a message alone"
        yield _issue("live-packaging", f"expected {asked}, received {shown}", "Content-Type")
    elif wanted and answer.documents and not answer.values("//ihe:Document/xop:Include"):
        yield _issue("live-packaging", "the documents are inside the message, not beside it")


def _see(answer: Answer, wanted: Any, scope: Scope) -> Iterator[Issue]:
    for table in wanted:
        path = scope.filled(table["path"])
        try:
            values = answer.values(path)
        except PathFault as fault:
            yield _issue("live-form", f"{fault}{_told(answer)}", path)
            continue
        shown = ", ".join(_text(one) for one in values[:8]) or "nothing"
        for word, asked in table.items():
            if word in ("path", "why"):
                continue
            complaint = _SIGHTS[word](values, asked, scope)
            if complaint:
                why = f" ({table['why']})" if "why" in table else ""
                yield _issue(
                    "live-content",
                    f"expected {complaint}, found {shown[:400]}{why}{_told(answer)}",
                    path,
                )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _equals(values: list[Any], asked: Any, scope: Scope) -> str:
    wanted = [scope.filled(_text(one)) for one in (asked if isinstance(asked, list) else [asked])]
    return "" if [_text(one) for one in values] == wanted else " and ".join(wanted) or "nothing"


def _any_order(values: list[Any], asked: Any, scope: Scope) -> str:
    wanted = sorted(scope.filled(_text(one)) for one in asked)
    found = sorted(_text(one) for one in values)
    return "" if found == wanted else f"in any order {' and '.join(wanted)}"


def _matches(values: list[Any], asked: Any, scope: Scope) -> str:
    pattern = scope.filled(asked)
    fits = values and all(re.fullmatch(pattern, _text(one)) for one in values)
    return "" if fits else f"every value of the form {pattern}"


def _contains(values: list[Any], asked: Any, scope: Scope) -> str:
    wanted = [scope.filled(_text(one)) for one in (asked if isinstance(asked, list) else [asked])]
    missing = [one for one in wanted if one not in [_text(value) for value in values]]
    return f"{' and '.join(missing)} among them" if missing else ""


def _lacks(values: list[Any], asked: Any, scope: Scope) -> str:
    wanted = [scope.filled(_text(one)) for one in (asked if isinstance(asked, list) else [asked])]
    there = [one for one in wanted if one in [_text(value) for value in values]]
    return f"no {' and no '.join(there)} among them" if there else ""


def _count(values: list[Any], asked: Any, _: Scope) -> str:
    return "" if len(values) == asked else f"{asked} of them"


def _at_least(values: list[Any], asked: Any, _: Scope) -> str:
    return "" if len(values) >= asked else f"{asked} of them at least"


def _exists(values: list[Any], asked: Any, _: Scope) -> str:
    return "" if bool(values) is asked else ("something" if asked else "nothing")


def _among(values: list[Any], asked: Any, scope: Scope) -> str:
    wanted = [scope.filled(_text(one)) for one in asked]
    fits = values and all(_text(one) in wanted for one in values)
    return "" if fits else f"one of {', '.join(wanted)}"


def _differs(values: list[Any], asked: Any, scope: Scope) -> str:
    wanted = scope.filled(_text(asked))
    return f"another value than {wanted}" if wanted in [_text(one) for one in values] else ""


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
_SIGHTS: Final[dict[str, Callable[[list[Any], Any, Scope], str]]] = dict(
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
        _issue("live-difference", f"this answer and that of “{name}” differ: {told}")
        for told in differences(answer, earlier[name], instead)
    ]


def _valid(answer: Answer, profiles: tuple[str, ...], judge: Judge | None) -> list[Issue]:
    if not isinstance(answer.json, dict):
        return [_issue("live-form", f"there is no resource to judge{_told(answer)}")]
    if judge is None:
        return [
            Issue(
                rule="fhir-not-checked",
                severity=IssueSeverity.INFORMATION,
                kind=IssueKind.NOT_CHECKED,
                message="the resource was not compared with its profiles: no judge is at hand",
            )
        ]
    return [one for one in judge(answer.json, profiles) if one.severity is IssueSeverity.ERROR]
