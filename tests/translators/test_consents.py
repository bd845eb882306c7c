"""Consents and acknowledgments that others wrote, and what is refused of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from lxml import etree

from gateway.errors import Refused
from gateway.model import choices as c
from gateway.model.datatypes import DateTime, Identifier
from gateway.profile import ProfileFault, read_profile
from gateway.translators.consents import from_bppc, from_consent, to_bppc, to_consent
from tests.shared import ROOT, shared

IHE = read_profile("ihe", ROOT / "profiles")
PATIENT = Identifier.of("ALBA-0001", "2.999.1.1")
KEEPER = Identifier.of("CLINIC-1", "2.999.1.3")


def statement(*choices: c.Choice) -> c.Statement:
    return c.Statement(
        patient_id=PATIENT,
        date_time=DateTime("20250114"),
        organization=KEEPER,
        source="2.999.9.1",
        choices=choices,
    )


def consent(**provision: Any) -> dict[str, Any]:
    written = to_consent(statement(c.Open()), IHE).value
    return {**written, "provision": {"type": "permit", **provision}}


def refused(resource: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Refused) as error:
        from_consent(resource, IHE)
    assert all(f.code.http_status == 422 for f in error.value.findings)
    return {f.location: f.message for f in error.value.findings}


TREAT = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}
RESEARCH = {**TREAT, "code": "HRESCH"}
LABEL = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


@pytest.mark.parametrize(
    ("provision", "path"),
    [
        ({"purpose": [TREAT, RESEARCH]}, "Consent.provision.purpose[1]"),
        ({"period": {"end": "2030"}}, "Consent.provision.period"),
        ({"action": [{"coding": [{"code": "access"}]}]}, "Consent.provision.action"),
        ({"class": [{"code": "DocumentReference"}]}, "Consent.provision.class"),
        ({"code": [{"coding": [LABEL]}]}, "Consent.provision.code"),
        ({"securityLabel": [LABEL]}, "Consent.provision.securityLabel"),
        ({"type": "deny"}, "Consent.provision.type"),
        (
            {"provision": [{"type": "deny", "data": []}]},
            "Consent.provision.provision[0].data",
        ),
        (
            {"provision": [{"type": "permit", "purpose": [{**TREAT, "code": "BTG"}]}]},
            "Consent.provision.provision[0].type",
        ),
        (
            {"provision": [{"type": "deny", "securityLabel": [{**LABEL, "code": "N"}]}]},
            "Consent.provision.provision[0].securityLabel[0]",
        ),
        (
            {"provision": [{"type": "deny", "provision": [{"type": "permit"}]}]},
            "Consent.provision.provision[0].provision",
        ),
    ],
)
def test_what_would_not_be_enforced_is_refused_with_its_path(
    provision: dict[str, Any], path: str
) -> None:
    assert path in refused(consent(**provision))


def test_everything_that_is_refused_is_told_at_once() -> None:
    told = refused(consent(purpose=[RESEARCH], action=[], data=[]))
    assert {
        "Consent.provision.purpose[0]",
        "Consent.provision.action",
        "Consent.provision.data",
    } <= set(told)


def test_an_unknown_policy_is_refused() -> None:
    resource = {**consent(), "policy": [{"uri": "https://policy.example.org/other"}]}
    assert "Consent.policy[0].uri" in refused(resource)


def test_an_actor_without_identifier_is_refused() -> None:
    actor = {
        "role": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
                    "code": "IRCP",
                }
            ]
        },
        "reference": {"reference": "Practitioner/p9"},
    }
    assert "Consent.provision.actor[0].reference" in refused(consent(actor=[actor]))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("pcf-consent-basic-permit.json", "Consent.provision.purpose[1]"),
        (
            "pcf-consent-intermediate-deny-author.json",
            "Consent.provision.provision[0].data[0].reference",
        ),
        ("pcf-consent-advanced-normal-only.json", "Consent.provision.securityLabel"),
    ],
)
def test_consents_of_a_foreign_policy_are_refused(name: str, path: str) -> None:
    resource = json.loads((shared("reference/examples") / name).read_bytes())
    told = refused(resource)
    assert "Consent.policy[0].uri" in told
    assert "Consent.patient.reference" in told
    resource["policy"] = [{"uri": "https://fhir-xds-gateway.example/Policy/domain"}]
    assert path in refused(resource)


def test_a_base_policy_of_pcf_opens_the_record_under_it() -> None:
    uri = "https://profiles.ihe.net/ITI/PCF/Policy-all-normal"
    resource = {**consent(), "policy": [{"uri": uri}]}
    assert from_consent(resource, IHE).value.choices == (c.Open(policy=c.BasePolicy.ALL_NORMAL),)


def test_several_exceptions_of_one_consent_are_several_choices() -> None:
    nested = [
        {"type": "deny", "purpose": [{**TREAT, "code": "BTG"}, {**TREAT, "code": "ETREAT"}]},
        {"type": "deny", "securityLabel": [LABEL]},
    ]
    assert from_consent(consent(provision=nested), IHE).value.choices == (
        c.Emergency(kind=c.EmergencyKind.BREAK_GLASS, allowed=False),
        c.Emergency(kind=c.EmergencyKind.REGULATION, allowed=False),
        c.Mask(target=c.Labelled(label="R")),
    )


# --- BPPC ----------------------------------------------------------------------------------------

REFUSAL = c.Emergency(kind=c.EmergencyKind.BREAK_GLASS, allowed=False)


def bppc() -> bytes:
    written = to_bppc(statement(REFUSAL, c.HideAll(hidden=True)), IHE)
    assert written.findings == ()
    assert written.value is not None
    return written.value


def test_an_acknowledgment_is_a_valid_clinical_document() -> None:
    schemas = sorted(shared("data/france/xsd").rglob("CDA*.xsd"))
    if not schemas:
        pytest.skip("no CDA schema beside the repository")
    schema = etree.XMLSchema(file=str(schemas[0]))
    schema.assertValid(etree.ElementTree(etree.XML(bppc())))  # noqa: TID251


def told(document: bytes, patient_id: Identifier | None = None) -> dict[str, str]:
    with pytest.raises(Refused) as error:
        from_bppc(document, IHE, patient_id=patient_id)
    return {f.location: f.message for f in error.value.findings}


def test_an_unknown_policy_refuses_the_document() -> None:
    place = "ClinicalDocument/documentationOf[1]/serviceEvent/code"
    assert place in told(bppc().replace(b'code="2.999.77.1.3"', b'code="2.999.66.6"'))


def test_a_policy_without_a_start_refuses_the_document() -> None:
    document = bppc().replace(b'<low value="20250114"/>', b"", 1)
    assert "ClinicalDocument/documentationOf[1]/serviceEvent/effectiveTime/low" in told(document)


def test_a_policy_with_an_end_nobody_keeps_refuses_the_document() -> None:
    document = bppc().replace(
        b'<low value="20250114"/>', b'<low value="20250114"/><high value="2030"/>'
    )
    assert "ClinicalDocument/documentationOf[2]/serviceEvent/effectiveTime/high" in told(document)


def test_another_patient_refuses_the_document() -> None:
    other = Identifier.of("SOMEBODY", "2.999.1.1")
    assert "ClinicalDocument/recordTarget/patientRole/id" in told(bppc(), other)
    assert from_bppc(bppc(), IHE, patient_id=PATIENT).value.patient_id == PATIENT


def test_a_structured_policy_refuses_the_document() -> None:
    policy = b'<x:Policy xmlns:x="urn:oasis:names:tc:xacml:2.0:policy:schema:os"/></section>'
    assert "ClinicalDocument/component" in told(bppc().replace(b"</section>", policy))


def test_a_policy_table_that_cannot_be_read_stops_the_profile(tmp_path: Any) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "profile.toml").write_text('name = "odd"\n')
    (folder / "policies.toml").write_text(
        '[[acknowledged_policy]]\noid = "2.999.1"\nchoice = "dance"\n'
    )
    with pytest.raises(ProfileFault, match="dance"):
        read_profile("odd", tmp_path)
