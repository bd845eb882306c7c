"""What a run of the suite found, before any form of telling it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.validation.issue import Issue, fails


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
        return Verdict.FAIL if fails(self.findings) else Verdict.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All payloads of one run.

    Attributes:
        engine: Name and version of the suite.
        profile: Name and version of the profile that was asked for.
        language: Of the messages, ``en`` or ``fr``.
        started: Instant, ISO 8601 with zone; given by the command.
    """

    engine: str
    profile: str
    judgements: tuple[Judgement, ...]
    language: str = "en"
    started: str = ""
