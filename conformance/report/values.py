"""What a run of the suite found, before any form of telling it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.validation.issue import Issue, IssueSeverity


class PayloadKind(StrEnum):
    """What a file is, told from its content."""

    FHIR = "fhir"
    CDA = "cda"
    XDS = "xds"
    """A bare ebRIM message: SubmitObjectsRequest, ProvideAndRegisterDocumentSetRequest, …"""
    SOAP = "soap"
    MTOM = "mtom"
    """A recorded exchange: headers and a multipart/related body."""
    XDM = "xdm"
    SAML = "saml"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """Whether a payload may be sent."""

    PASS = "pass"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One payload with all that was found in it.

    Attributes:
        path: As it was named: a file, ``-`` for standard input, ``archive.zip!/PART``.
        kind: Told from its content.
        findings: Errors, warnings and remarks in the order of the payload.
        against: What it was compared with: canonical URLs, rule sets with their version.
        not_checked: What could not be looked at, one sentence each.
        digest: SHA-256 of the octets, lower-case hexadecimal.
        text: The payload, for reports that show findings in place; empty where it is no text.
    """

    path: str
    kind: PayloadKind
    findings: tuple[Issue, ...] = ()
    against: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    digest: str = ""
    text: str = ""

    @property
    def verdict(self) -> Verdict:
        """Fail where one finding is an error."""
        return self.verdict_at(IssueSeverity.ERROR)

    def verdict_at(self, weight: IssueSeverity) -> Verdict:
        """Fail where one finding weighs so much, or more."""
        failing = _AT_LEAST[weight]
        failed = any(issue.severity in failing for issue in self.findings)
        return Verdict.FAIL if failed else Verdict.PASS

    def not_checked_in(self, language: str) -> tuple[str, ...]:
        """What could not be looked at, in the language of the findings that say so."""
        said = {issue.message: issue.says(language) for issue in self.findings}
        return tuple(said.get(sentence, sentence) for sentence in self.not_checked)

    def count(self, severity: IssueSeverity) -> int:
        """How many findings weigh exactly that."""
        return sum(issue.severity is severity for issue in self.findings)


_AT_LEAST = {
    severity: frozenset(list(IssueSeverity)[: index + 1])
    for index, severity in enumerate(IssueSeverity)
}
"""By severity: it and the heavier ones, which the enumeration names first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A payload nobody could judge: it cannot be read, or its judgement broke off."""

    path: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All payloads of one run.

    Attributes:
        engine: Name and version of the suite.
        profile: Name and version of the profile that was asked for.
        language: Of the messages, ``en`` or ``fr``.
        started: Instant, ISO 8601 with zone; given by the command.
        fail_on: From which severity on a finding makes a payload fail.
        problems: What could not be judged at all; a run with one has not passed.
        left_out: Files of a folder that are no payload of a kind the suite knows.
    """

    engine: str
    profile: str
    judgements: tuple[Judgement, ...]
    language: str = "en"
    started: str = ""
    fail_on: IssueSeverity = IssueSeverity.ERROR
    problems: tuple[Problem, ...] = ()
    left_out: tuple[str, ...] = ()

    def verdict_of(self, judgement: Judgement) -> Verdict:
        """Whether this payload passes what was asked for."""
        return judgement.verdict_at(self.fail_on)

    @property
    def failed(self) -> int:
        """How many payloads fail."""
        return sum(self.verdict_of(each) is Verdict.FAIL for each in self.judgements)

    def count(self, severity: IssueSeverity) -> int:
        """How many findings of all payloads weigh exactly that."""
        return sum(each.count(severity) for each in self.judgements)
