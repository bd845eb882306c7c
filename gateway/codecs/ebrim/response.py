"""RegistryResponse with its RegistryErrorList.

Source:
    IHE ITI TF-3: 4.2.4 (revision 17); OASIS ebRS 3.0: 2.1.6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gateway.codecs.ebrim.names import (
    REGISTRY_ERROR,
    REGISTRY_ERROR_LIST,
    SEVERITY_ERROR,
    SEVERITY_WARNING,
    ResponseStatus,
    declare,
)
from gateway.codecs.xml import Element, escape_attribute
from gateway.errors import ErrorCode, Finding, Refused, Severity
from gateway.transactions.submission import RegistryResponse

_CODES: dict[str, ErrorCode] = {}
for _code in ErrorCode:
    _CODES.setdefault(_code.xds, _code)

_UNREADABLE = "the answer says {status} and no reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request ended, as the answer says it.

    Attributes:
        status: Full URN (:class:`~gateway.codecs.ebrim.names.ResponseStatus`), kept as it came.
        findings: What the answer's error list says; ``message`` is the whole codeContext.
    """

    status: str
    findings: tuple[Finding, ...] = ()


def status_of(findings: Iterable[Finding], *, something: bool = False) -> ResponseStatus:
    """Give the status that findings lead to.

    Args:
        something: Whether the answer holds part of what was asked for, so that an error leaves a
            partial success. Never so for a submission.
    """
    if not any(finding.is_error for finding in findings):
        return ResponseStatus.SUCCESS
    return ResponseStatus.PARTIAL_SUCCESS if something else ResponseStatus.FAILURE


def write_registry_response(findings: Iterable[Finding] = ()) -> bytes:
    """Give the RegistryResponse to a submission or removal: all was done, or nothing was."""
    findings = tuple(findings)
    return write_outcome(findings, status_of(findings), declare("rs")).encode()


def write_outcome(findings: Iterable[Finding], status: str, declarations: str = "") -> str:
    """Give a RegistryResponse element with a status chosen by the caller."""
    return (
        f'<rs:RegistryResponse{declarations} status="{status}">{write_error_list(findings)}'
        "</rs:RegistryResponse>"
    )


def write_error_list(findings: Iterable[Finding]) -> str:
    """Give the RegistryErrorList; nothing when nothing was found."""
    errors = []
    highest = SEVERITY_WARNING
    for finding in findings:
        severity = SEVERITY_WARNING
        if finding.is_error:
            severity = highest = SEVERITY_ERROR
        context = finding.message
        if finding.context:
            context = f"{finding.context}: {context}" if context else finding.context
        errors.append(
            f'<rs:RegistryError errorCode="{escape_attribute(finding.code.xds)}" '
            f'codeContext="{escape_attribute(context)}" severity="{severity}" '
            f'location="{escape_attribute(finding.location)}"/>'
        )
    if not errors:
        return ""
    return (
        f'<rs:RegistryErrorList highestSeverity="{highest}">{"".join(errors)}'
        "</rs:RegistryErrorList>"
    )


def read_outcome(element: Element) -> Outcome:
    """Read any answer derived from RegistryResponse; what else it holds is left to others."""
    findings: list[Finding] = []
    for error_list in element.iterchildren(REGISTRY_ERROR_LIST):
        findings.extend(_read_error(error) for error in error_list.iterchildren(REGISTRY_ERROR))
    return Outcome(status=(element.get("status") or "").strip(), findings=tuple(findings))


def _read_error(element: Element) -> Finding:
    name = (element.get("errorCode") or "").strip()
    message = element.get("codeContext") or ""
    code = _CODES.get(name)
    if code is None:
        # A code we do not know is still a reason; it is told on as the general one.
        code = ErrorCode.REGISTRY_ERROR
        message = f"{name}: {message}" if name else message
    severity = (element.get("severity") or "").strip()
    return Finding(
        rule="answered",
        code=code,
        location=element.get("location") or "",
        message=message,
        severity=Severity.WARNING if severity == SEVERITY_WARNING else Severity.ERROR,
    )


def read_registry_response(element: Element) -> RegistryResponse:
    """Read the answer to a submission or removal.

    Raises:
        Refused: When it says anything but success; with what its error list says.
    """
    outcome = read_outcome(element)
    if outcome.status == ResponseStatus.SUCCESS:
        return RegistryResponse(warnings=outcome.findings)
    if any(finding.is_error for finding in outcome.findings):
        raise Refused(*outcome.findings)
    unexplained = Finding(
        rule="answered",
        code=ErrorCode.REGISTRY_ERROR,
        location="RegistryResponse.status",
        message=_UNREADABLE.format(status=outcome.status[:128] or "nothing"),
    )
    raise Refused(unexplained, *outcome.findings)
