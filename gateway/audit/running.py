"""The trail of a running gateway: its clock is checked, it is signed, and it goes where it should.

Source:
    IHE ITI TF-1: 9 (ATNA: Secure Application, Audit Record Forwarder); threats C10 and O5.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx

from gateway.audit.checkpoints import signing_key
from gateway.audit.feeds import Feed
from gateway.audit.fhir_sink import FhirSink
from gateway.audit.keeping import Checkpoints
from gateway.audit.options import AuditOptions
from gateway.audit.syslog_sink import SyslogSink
from gateway.codecs.atna.audit_message import write_audit_message
from gateway.codecs.atna.syslog import frame, write_syslog
from gateway.codecs.fhir.audit_event import AuditEventWriter
from gateway.model.audit import Observer
from gateway.ports import AuditKeeping, Clock, KeptEvent

APPLICATION = "fhir-xds-gateway"
_SECONDS = 30.0


@asynccontextmanager
async def kept(
    trail: AuditKeeping,
    clock: Clock,
    options: AuditOptions,
    observer: Observer,
    writer: AuditEventWriter,
) -> AsyncIterator[None]:
    """Sign the trail and feed it to its receivers until the gateway stops, then sign it once more.

    Raises:
        ValueError: The key is none.
        OSError: A file that was named cannot be read.
    """
    checkpoints = Checkpoints(
        trail,
        clock,
        signing_key(options.key),
        options.checkpoints,
        events=options.events,
        seconds=options.seconds,
    )
    async with AsyncExitStack() as stack:
        feeds = [feed async for feed in _feeds(trail, options, observer, writer, stack)]
        tasks = [asyncio.create_task(feed.run()) for feed in feeds]
        tasks.append(asyncio.create_task(checkpoints.run()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task


async def _feeds(
    trail: AuditKeeping,
    options: AuditOptions,
    observer: Observer,
    writer: AuditEventWriter,
    stack: AsyncExitStack,
) -> AsyncIterator[Feed]:
    if options.syslog is None and options.fhir is None:
        return
    context = ssl.create_default_context(cafile=options.trust and str(options.trust))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.certificate is not None:
        context.load_cert_chain(options.certificate)
    if options.syslog is not None:
        host, port = options.syslog

        def as_syslog(kept: KeptEvent) -> bytes:
            message = write_syslog(
                write_audit_message(kept.event, observer),
                kept.event.time,
                host=observer.id,
                application=APPLICATION,
                process=observer.process,
            )
            return frame(message)

        yield Feed(f"syslog {host}:{port}", trail, SyslogSink(host, port, context, as_syslog))
    if options.fhir is not None:
        # What the environment says about proxies is not for audit events.
        client = await stack.enter_async_context(
            httpx.AsyncClient(verify=context, trust_env=False, timeout=_SECONDS)
        )

        def as_fhir(kept: KeptEvent) -> Sequence[bytes]:
            decision = writer.decision(kept.event)
            whole = writer.whole(kept.event)
            return (whole,) if decision is None else (whole, decision)

        yield Feed(f"fhir {options.fhir}", trail, FhirSink(client, options.fhir, as_fhir))
