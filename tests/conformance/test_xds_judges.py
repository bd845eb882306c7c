"""Judges of messages and containers: all at once, nothing hidden, nothing that brings them down."""

from __future__ import annotations

import io
import random
import re
import zipfile
from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.judges import Context, judge
from conformance.report.values import Judgement, PayloadKind, Verdict
from gateway.validation.issue import IssueKind, IssueSeverity
from gateway.validation.rules import base_rules
from scripts.faults.signing import certificate
from tests.shared import ROOT, shared

SAMPLES = ROOT / "samples" / "conformance" / "xds"
SUBMISSIONS = ROOT / "samples" / "submissions"
NOW = "20261120090200"


@cache
def context(profile: str = "ihe", **more: object) -> Context:
    return Context(profiles=ROOT / "profiles", profile_name=profile, now=NOW, **more)  # type: ignore[arg-type]


def sample(name: str, *edits: tuple[str, str]) -> bytes:
    octets = (SAMPLES / name).read_bytes()
    for find, put in edits:
        assert find.encode() in octets, find
        octets = octets.replace(find.encode(), put.encode(), 1)
    return octets


def rules(found: Judgement) -> list[str]:
    return [one.rule for one in found.findings if one.severity is not IssueSeverity.INFORMATION]


# ------------------------------------------------------------ everything at once


def test_everything_in_an_envelope_is_told_at_once() -> None:
    octets = sample(
        "soap-request.xml",
        ("<wsa:MessageID>", "<wsa:MessageID>no uri</wsa:MessageID><wsa:MessageID>"),
        ("http://www.w3.org/2005/08/addressing/anonymous", "https://elsewhere.example"),
        ('returnType="LeafClass"', 'returnType="Everything"'),
        ("REPORTS^^2.999.3.1", "REPORTS"),
        ("Robin Samplefield", "Robin Otherfield"),
    )
    assert set(rules(judge("x", octets, context()))) == {
        "soap-header-repeated",
        "soap-message-id",
        "soap-reply-to",
        "xds-return-type",
        "xds-parameter-code",
        "saml-signature-value",
    }


def test_what_cannot_be_read_of_one_object_hides_no_other() -> None:
    octets = sample("query-response.xml")
    good = re.search(rb"<rim:ExtrinsicObject.*</rim:ExtrinsicObject>", octets, re.DOTALL)
    assert good is not None
    broken = b'<rim:ExtrinsicObject id="x" status="odd"/><rim:RegistryPackage id="y"/>'
    octets = octets.replace(good[0], broken + good[0].replace(b"20261120090000", b"yesterday"))
    found = judge("x", octets, context())
    told = {(one.rule, one.location) for one in found.findings}
    entry = "DocumentEntry[urn:uuid:0b1a3c4d-0000-4000-8000-000000000001]"
    assert ("xds-format", f"{entry}.creationTime") in told
    assert ("xds-package-kind", "RegistryPackage[y]") in told
    assert ("xds-answer-object", "DocumentEntry[x].availabilityStatus") in told


def test_a_failure_tells_what_it_says_and_is_itself_in_order() -> None:
    found = judge("x", sample("failure.xml"), context())
    assert found.verdict is Verdict.PASS
    (one,) = found.findings
    assert (one.rule, one.severity) == ("xds-answer-error", IssueSeverity.INFORMATION)
    assert "XDSUnknownPatientId" in one.message


@pytest.mark.parametrize(
    ("edit", "problem"),
    [
        (("ResponseStatusType:Failure", "ResponseStatusType:Success"), "says Success"),
        (("ErrorSeverityType:Error", "ErrorSeverityType:Warning"), "no error of severity Error"),
    ],
)
def test_a_status_and_its_errors_agree(edit: tuple[str, str], problem: str) -> None:
    octets = sample("failure.xml").replace(edit[0].encode(), edit[1].encode())
    found = judge("x", octets, context())
    assert any(i.rule == "xds-response-status" and problem in i.message for i in found.findings)


# ------------------------------------------------------------ documents


def test_a_clinical_document_is_compared_with_its_metadata_and_judged() -> None:
    octets = (SUBMISSIONS / "fr-03-consultation-texte.mtom").read_bytes()
    assert "xds-cda-consistency" not in rules(judge("x", octets, context("fr-dmp")))
    other = octets.replace(b'nodeRepresentation="11488-4"', b'nodeRepresentation="11490-0"')
    assert other != octets
    found = judge("x", other, context("fr-dmp"))
    (issue,) = [one for one in found.findings if one.rule == "xds-cda-consistency"]
    assert issue.location.endswith(".typeCode")
    damaged = octets.replace(b"<languageCode code=", b"<languageCode kode=")
    found = judge("x", damaged, context("fr-dmp"))
    assert any(
        "!" in one.location and one.location.startswith("Document[") for one in found.findings
    )
    assert {"xds-content-hash", "xds-content-size"} & set(rules(found)) == {"xds-content-hash"}


def test_a_part_that_did_not_come_is_told_as_not_checked() -> None:
    octets = sample("provide.mtom")
    envelope = octets[octets.index(b"<?xml") : octets.index(b"</s:Envelope>")] + b"</s:Envelope>"
    found = judge("x", envelope, context())
    assert found.kind is PayloadKind.SOAP
    assert [one.rule for one in found.findings if one.kind is IssueKind.NOT_CHECKED] == [
        "xds-document-not-checked",
        "saml-absent",
    ]
    assert rules(found) == ["soap-mtom"]
    assert found.verdict is Verdict.PASS
    assert found.not_checked == found.not_checked_in("en")
    assert "qui demande n'a pas été examiné" in found.not_checked_in("fr")[1]


def test_a_bare_multipart_is_judged_without_its_headers() -> None:
    octets = sample("provide.mtom")
    found = judge("x", octets[octets.index(b"--border") :], context())
    assert found.kind is PayloadKind.MTOM
    assert rules(found) == []
    assert any("Content-Type" in one for one in found.not_checked)


def test_lines_are_those_of_the_whole_exchange() -> None:
    octets = sample("provide.mtom", ("20261120090000", "yesterday"))
    (issue,) = [one for one in judge("x", octets, context()).findings if one.rule == "xds-format"]
    assert issue.position is not None
    line = octets.decode().split("\n")[issue.position.line - 1]
    assert "yesterday" in line
    assert line[issue.position.column - 1 :].startswith("<")


# ------------------------------------------------------------ archives


def test_an_archive_that_announces_too_much_is_not_unpacked() -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("INDEX.HTM", b"\0" * 50_000_000)
    found = judge("x.zip", held.getvalue(), context())
    assert "xdm-size" in rules(found)


def test_an_archive_that_lies_about_its_sizes_is_told_so() -> None:
    octets = bytearray(sample("archive.zip"))
    # The size of README.TXT in the central directory, made one octet smaller.
    at = octets.rindex(b"README.TXT") - 46 + 24
    octets[at] -= 1
    assert "xdm-zip" in rules(judge("x.zip", bytes(octets), context()))


def test_no_archive_at_all_is_told_so() -> None:
    assert rules(judge("x.zip", b"PK\x03\x04 nothing", context())) == ["xdm-zip"]


# ------------------------------------------------------------ assertions


def trust(folder: Path, subject: str) -> Path:
    (folder / "signer.pem").write_bytes(certificate().public_bytes(Encoding.PEM))
    path = folder / "trust.toml"
    path.write_text(
        f'[[assertion_issuer]]\nname = "{subject}"\ncertificates = ["signer.pem"]\n'
        'audiences = ["https://registry.example/xds"]\n'
    )
    return path


def test_a_signature_is_verified_with_the_trust_that_is_given(tmp_path: Path) -> None:
    octets = sample("assertion.xml")
    before = judge("x", octets, context())
    assert "saml-signature-not-checked" in {one.rule for one in before.findings}
    good = context("ihe", trust=trust(tmp_path, "urn:example:provider"))
    assert judge("x", octets, good).findings == ()
    (tmp_path / "other").mkdir()
    other = context("ihe", trust=trust(tmp_path / "other", "urn:example:somebody"))
    assert rules(judge("x", octets, other)) == ["saml-signature-trust"]


def test_an_assertion_is_looked_for_in_what_it_is_wrapped_in() -> None:
    wsse = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
    octets = f'<w:Security xmlns:w="{wsse}">'.encode() + sample("assertion.xml") + b"</w:Security>"
    found = judge("x", octets, context())
    assert found.kind is PayloadKind.SAML
    assert rules(found) == []


def test_an_audience_that_is_not_asked_for_is_told() -> None:
    mine = context("ihe", audiences=frozenset({"https://repository.example/xds"}))
    assert rules(judge("x", sample("assertion.xml"), mine)) == ["saml-audience"]


# ------------------------------------------------------------ schemas, kinds, hostile input


def test_a_schema_is_used_where_one_is_given() -> None:
    schemas = shared("cases/nist/schema/v3")
    mine = context("ihe", xsd=schemas)
    assert rules(judge("x", sample("register.xml"), mine)) == []
    octets = sample("register.xml", ("<rim:Slot name=", "<rim:Slott name="))
    octets = octets.replace(b"</rim:Slot>", b"</rim:Slott>", 1)
    assert "xds-schema" in rules(judge("x", octets, mine))


def test_every_rule_a_judge_names_has_its_text() -> None:
    named = re.compile(r'"((?:xds|soap|mtom|xdm|saml)-[a-z0-9-]+)"')
    for path in (ROOT / "conformance" / "judges").glob("*.py"):
        for rule in named.findall(path.read_text(encoding="utf-8")):
            assert rule in base_rules(), f"{path.name}: {rule}"


def test_every_check_of_the_server_has_its_text() -> None:
    call = re.compile(r"(?:problem|complaint|_finding)\(((?:[^()]|\([^()]*\))*)\)")
    name = re.compile(r'"([a-z]+(?:-[a-z0-9]+)+|required|format)"')
    told = set()
    for folder in ("gateway/codecs/ebrim", "gateway/validation"):
        for path in (ROOT / folder).glob("*.py"):
            text = path.read_text(encoding="utf-8")
            told |= {names[0] for one in call.findall(text) if (names := name.findall(one))}
            told |= set(re.findall(r'rule="([a-z-]+)"', text))
    known = {rule.removeprefix("xds-") for rule in base_rules()}
    elsewhere = {"not-expressible", "answered"}  # of requests and answers that we write and read
    assert len(told) > 60
    assert told - known - elsewhere == set()


def test_what_is_of_no_kind_is_told_so() -> None:
    found = judge("notes.txt", b"some text", context())
    assert found.verdict is Verdict.FAIL
    assert rules(found) == ["payload-unknown"]


def test_no_damage_brings_a_judge_down() -> None:
    chance = random.Random(5)
    names = [
        path.name for path in SAMPLES.iterdir() if not re.match(r"(fr|xds|soap-a|m)", path.name)
    ]
    for _ in range(150):
        octets = bytearray((SAMPLES / chance.choice(sorted(names))).read_bytes())
        if chance.random() < 0.5:
            start = chance.randrange(len(octets))
            del octets[start : start + chance.randrange(300)]
        else:
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        assert judge("x", bytes(octets), context()).digest
