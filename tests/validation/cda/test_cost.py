"""A document full of faults costs what a good one of its size costs, give or take a little."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree

from gateway.validation.cda import CdaValidator, Saxon, Schematron
from gateway.validation.issue import IssueKind
from tests.shared import ROOT, shared

PROC = Path("/proc/self/stat")
FACTOR = 3.0


@pytest.fixture(scope="module")
def saxon() -> Iterator[Saxon]:
    saxon = Saxon()
    yield saxon
    saxon.close()


def seconds(saxon: Saxon) -> float:
    """Processor time of this thread and of Saxon's process: what others do does not count."""
    stat = Path(f"/proc/{saxon.process_id}/stat").read_text().rpartition(")")[2].split()
    return time.thread_time() + (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def cost(validator: CdaValidator, saxon: Saxon, octets: bytes) -> float:
    """What a few runs cost at their cheapest: now and then a collection of garbage comes along."""
    for _ in range(2):
        validator.validate(octets)
    rounds = []
    for _ in range(3):
        before = seconds(saxon)
        for _ in range(4):
            validator.validate(octets)
        rounds.append(seconds(saxon) - before)
    return min(rounds)


def codes(element: etree._Element) -> None:
    if "code" in element.attrib:
        element.set("code", "ZZ")


def null_flavors(element: etree._Element) -> None:
    element.set("nullFlavor", "ZZ")


def values(element: etree._Element) -> None:
    for name in {"value", "root", "extension", "displayName", "codeSystem"} & set(element.attrib):
        if not str(element.tag).endswith(("templateId", "typeId")):
            element.set(name, "?")


def spoiled(octets: bytes, spoil: Callable[[etree._Element], None]) -> bytes:
    root = etree.fromstring(octets)
    for element in root.iter("*"):
        spoil(element)
    written: bytes = etree.tostring(root, encoding="utf-8")
    return written


@pytest.mark.skipif(not PROC.exists(), reason="processor time of another process: Linux only")
@pytest.mark.parametrize("spoil", [codes, null_flavors, values])
def test_an_invalid_document_never_costs_three_times_a_valid_one(
    tmp_path: Path, saxon: Saxon, spoil: Callable[[etree._Element], None]
) -> None:
    folder = shared("data/france")
    common = [
        Schematron(folder / "schematron" / name, (folder / "schematron", folder / "jeuxDeValeurs"))
        for name in ("profils/IHE.sch", "profils/CI-SIS_ModelesDeContenusCDA.sch")
    ]
    validator = CdaValidator(
        folder / "xsd",
        [ROOT / "profiles" / "fr-dmp" / "schematrons", *common],
        tmp_path,
        saxon=saxon,
    )
    valid = (folder / "cda" / "CSE-CS8_2025.01.xml").read_bytes()
    invalid = spoiled(valid, spoil)
    assert len(validator.validate(invalid)) > 100
    assert cost(validator, saxon, invalid) < FACTOR * cost(validator, saxon, valid)


@pytest.mark.skipif(not PROC.exists(), reason="processor time of another process: Linux only")
def test_ten_times_the_faults_cost_ten_times_as_much_and_not_a_hundred(
    tmp_path: Path, saxon: Saxon
) -> None:
    schema = tmp_path / "rules.sch"
    schema.write_text(
        """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
        <ns prefix="c" uri="urn:hl7-org:v3"/><pattern><rule context="c:item">
        <assert id="no" test="c:none">Item <value-of select="@n"/>.</assert></rule></pattern>
        </schema>"""
    )
    validator = CdaValidator(None, [schema], tmp_path, saxon=saxon)

    def document(size: int) -> bytes:
        items = "".join(f'<item n="{n}"/>' for n in range(size))
        return f'<ClinicalDocument xmlns="urn:hl7-org:v3">{items}</ClinicalDocument>'.encode()

    small, large = cost(validator, saxon, document(1_000)), cost(validator, saxon, document(10_000))
    assert large < 30 * small


def test_what_is_too_much_to_tell_is_counted(tmp_path: Path, saxon: Saxon) -> None:
    schema = tmp_path / "rules.sch"
    schema.write_text(
        """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
        <ns prefix="c" uri="urn:hl7-org:v3"/><pattern><rule context="c:item">
        <assert id="no" test="c:none"/></rule></pattern></schema>"""
    )
    document = f'<ClinicalDocument xmlns="urn:hl7-org:v3">{"<item/>" * 2500}</ClinicalDocument>'
    issues = CdaValidator(None, [schema], tmp_path, saxon=saxon).validate(document.encode())
    assert len(issues) == 2001
    (more,) = [issue for issue in issues if issue.kind is IssueKind.NOT_CHECKED]
    assert more.rule == "cda-more" and "2500" in more.message
