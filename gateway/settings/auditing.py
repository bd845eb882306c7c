"""Settings about the audit trail: what it calls this gateway, where it goes, how it is signed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from gateway.settings.connection import ConnectionSettings, is_loopback
from gateway.settings.field import setting


class AuditSettings(ConnectionSettings):
    """The fields of :class:`gateway.settings.Settings` that are about the audit trail."""

    audit_source: Annotated[
        str,
        setting(
            "What this gateway calls itself in audit events (AuditSourceID, `source.observer`); "
            "nothing takes the host of its address.",
            "a name that stays when machines change, such as gateway.hospital.example",
        ),
    ] = ""
    audit_site: Annotated[
        str,
        setting(
            "The enterprise the gateway belongs to (AuditEnterpriseSiteID).",
            "a name or an OID, or nothing",
        ),
    ] = ""
    audit_syslog: Annotated[
        str | None,
        setting(
            "Audit repository that gets every event as a DICOM AuditMessage, by syslog over TLS "
            "(ITI-20).",
            "host:port, such as arr.example:6514",
        ),
    ] = None
    audit_fhir: Annotated[
        str | None,
        setting(
            "Audit repository that gets every event as a FHIR AuditEvent (ITI-20).",
            "an https:// address without query, or an http:// one of this machine",
        ),
    ] = None
    audit_trust: Annotated[
        Path | None,
        setting(
            "Certificates that vouch for the audit repositories; nothing trusts whom the system "
            "trusts.",
            "a file of certificates in PEM",
        ),
    ] = None
    audit_certificate: Annotated[
        Path | None,
        setting(
            "Certificate by which the audit repositories know this gateway, with its key.",
            "a file with a private key and its certificates in PEM",
        ),
    ] = None
    audit_checkpoints: Annotated[
        Path | None,
        setting(
            "File that gets every signature over the audit trail as well; on another disk it shows "
            "what was cut off. Nothing puts it below `data`.",
            "a file that can be made and written",
        ),
    ] = None
    audit_checkpoint_events: Annotated[
        Annotated[int, Field(ge=1)],
        setting(
            "So many audit events get a signature at once; fewer may be cut off unseen.",
            "a whole number, at least 1",
        ),
    ] = 1000
    audit_checkpoint_seconds: Annotated[
        Annotated[int, Field(ge=1)],
        setting(
            "So long at most an audit event waits for a signature.",
            "a number of seconds, at least 1",
        ),
    ] = 60

    @field_validator("audit_syslog")
    @classmethod
    def _a_host_and_port(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host, colon, port = value.rpartition(":")
        if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise PydanticCustomError("address", "is not a host and a port")
        return value

    @field_validator("audit_fhir")
    @classmethod
    def _a_safe_base(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            parts = urlsplit(value)
            host = parts.hostname
        except ValueError:
            host = None
        if not host or parts.scheme not in {"http", "https"} or parts.query or parts.fragment:
            raise PydanticCustomError("url", "is not an http:// or https:// address")
        if parts.scheme == "http" and not is_loopback(host):
            raise PydanticCustomError("exposed", "would send audit events in clear")
        return value.rstrip("/")
