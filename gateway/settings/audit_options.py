"""The settings as the parts of the audit trail want them."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from gateway.audit.options import AuditOptions
from gateway.model.audit import Observer
from gateway.settings import Settings


def audit_observer(settings: Settings) -> Observer:
    """Give what this gateway calls itself in audit events."""
    host = urlsplit(settings.base_url).hostname or settings.host
    return Observer(
        id=settings.audit_source or host,
        endpoint=settings.base_url,
        host=host,
        process=str(os.getpid()),
        site=settings.audit_site,
        home_community_id=settings.home_community_id or "",
    )


def audit_checkpoints(settings: Settings) -> Path:
    """Give the file of checkpoints."""
    return settings.audit_checkpoints or settings.data / "audit-checkpoints"


def audit_key(settings: Settings) -> Path:
    """Give the file of the key that signs checkpoints."""
    return settings.data / "audit.key"


def audit_options(settings: Settings) -> AuditOptions:
    """Give what was chosen about the trail."""
    host, _, port = (settings.audit_syslog or "").rpartition(":")
    return AuditOptions(
        key=audit_key(settings),
        checkpoints=audit_checkpoints(settings),
        events=settings.audit_checkpoint_events,
        seconds=settings.audit_checkpoint_seconds,
        syslog=(host.strip("[]"), int(port)) if settings.audit_syslog else None,
        fhir=settings.audit_fhir,
        trust=settings.audit_trust,
        certificate=settings.audit_certificate,
    )
