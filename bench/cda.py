"""From the header of a clinical document of 250 KB to complete metadata, in this process.

The document is one of the samples, its sections repeated: markup costs a parser more than the same
octets of a wrapped PDF would. The whole of it is parsed, since it is this reading that finds a
document that is not well formed; nobody downstream looks again.
"""

from __future__ import annotations

import copy
import time
from pathlib import Path

from bench.load import Measured
from gateway.codecs.cda.header import read_header
from gateway.codecs.xml import read_xml, write_xml
from gateway.profile import read_profile
from gateway.translators.cda import document_entry_from_cda

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "samples" / "cda" / "fr-04-biologie-structuree.xml"
OCTETS = 250_000
TARGET = 15.0
"""Milliseconds that one document may take."""


def document(octets: int = OCTETS) -> bytes:
    """Give the sample, its sections repeated until it has so many octets."""
    root = read_xml(SAMPLE.read_bytes())
    body = root.find("{urn:hl7-org:v3}component/{urn:hl7-org:v3}structuredBody")
    assert body is not None
    sections = list(body)
    written = write_xml(root)
    while len(written) < octets:
        body.extend(copy.deepcopy(section) for section in sections)
        written = write_xml(root)
    return written


def describe(seconds: float) -> tuple[Measured, float]:
    """Describe the document again and again; give the latencies and the processor's share."""
    octets = document()
    profile = read_profile("fr-dmp", ROOT / "profiles")
    measured = Measured()
    processor = time.process_time()
    began = time.perf_counter()
    while (now := time.perf_counter()) - began < seconds:
        translation = document_entry_from_cda(read_header(octets), profile, octets)
        measured.latencies.append(time.perf_counter() - now)
        if not translation.is_complete:
            measured.failures.append(str(translation.findings))
            break
    measured.seconds = time.perf_counter() - began
    return measured, (time.process_time() - processor) / measured.seconds
