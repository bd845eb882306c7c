"""What an operator chooses about the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditOptions:
    """What an operator chose.

    Attributes:
        key: File of the key that signs checkpoints; made where there is none.
        checkpoints: File of checkpoints.
        events: So many events get a signature at once.
        seconds: So long at most an event waits for one.
        syslog: Host and port of a receiver of syslog over TLS.
        fhir: Base address of a FHIR server.
        trust: Certificates that vouch for the receivers; the system's where there is none.
        certificate: Our own, with its key.
    """

    key: Path
    checkpoints: Path
    events: int
    seconds: float
    syslog: tuple[str, int] | None = None
    fhir: str | None = None
    trust: Path | None = None
    certificate: Path | None = None
