"""Who asks, by an assertion: the French form and the one without a country."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from gateway.model.datatypes import Code
from gateway.model.subject import Authentication, Mode, SubjectKind
from gateway.security.authority import Wish
from gateway.security.certificates import CertificateTrust, der_of
from gateway.security.peer import Peer
from tests.security.signing import (
    Provider,
    Written,
    base64_of,
    certified,
    rsa_key,
    signed,
    trusting,
)
from tests.security.world import BASE, NOW, PEER, World, accepted, message, refusal

PROVIDER = Provider()
HOLDER = certified("client")
HOLDING = Peer(address="192.0.2.1", certificate=der_of(HOLDER.certificate))
FRENCH_DOCTOR = Code("10", "1.2.250.1.71.1.2.7")


def written(**texts: Any) -> bytes:
    return message(signed(Written(**texts), PROVIDER.pair))


def why(world: World, octets: bytes, peer: Peer = PEER) -> str:
    return refusal(world.authenticator([PROVIDER.issuer()], []), octets, peer)


# ------------------------------------------------------------------ what is read


def test_a_french_doctor_is_known_by_number_roles_structure_and_sector(french: World) -> None:
    access = accepted(french.authenticator(), french.message("gp"))
    subject = access.subject
    assert subject.kind is SubjectKind.PROFESSIONAL
    assert subject.key == "899700000012^1.2.250.1.71.4.2.1"
    assert [role.key for role in subject.roles] == [
        FRENCH_DOCTOR.key,
        ("SM26", "1.2.250.1.71.4.2.5"),
    ]
    assert subject.structure_key == "499700000012001^1.2.250.1.71.4.2.2"
    assert subject.sector is not None
    assert subject.sector.key == ("SA07", "1.2.250.1.71.4.2.4")
    assert subject.authentication is Authentication.DIRECT
    assert access.mode is Mode.NORMAL
    assert subject.network_address == PEER.address
    assert subject.credential.startswith("_")


def test_a_structure_alone_asks_as_a_structure(french: World) -> None:
    subject = accepted(french.authenticator(), french.message("hospital")).subject
    assert subject.kind is SubjectKind.STRUCTURE
    assert subject.id is None
    assert subject.key == "1379999929^1.2.250.1.71.4.2.2"
    assert subject.authentication is Authentication.INDIRECT
    assert (subject.client.name, subject.client.version) == ("SIH fictif", "1.0")


def test_a_person_in_a_structure_is_both(french: World) -> None:
    subject = accepted(french.authenticator(), french.message("doctor-b")).subject
    assert subject.kind is SubjectKind.PROFESSIONAL
    assert subject.authentication is Authentication.REINFORCED
    assert subject.key == "899700000053^1.2.250.1.71.4.2.1"
    assert subject.structure_key == "1379999929^1.2.250.1.71.4.2.2"


@pytest.mark.parametrize("profile", ["ihe", "french"])
@pytest.mark.parametrize("mode", list(Mode))
def test_mode_reason_patient_and_secret_connection_are_read(
    profile: str, mode: Mode, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(profile)
    wish = Wish(
        mode=mode, reason="inconscient, risque vital", patient="X^^^&1.2.3&ISO^NH", secret=True
    )
    access = accepted(world.authenticator(), world.message("doctor-c", wish))
    assert access.mode is mode
    assert access.reason == "inconscient, risque vital"
    assert access.patient is not None
    assert access.patient.text == "X^^^&1.2.3&ISO^NH"
    assert access.subject.secret_connection


def test_patients_representatives_and_delegates_are_told_by_their_role(
    ihe: World, french: World
) -> None:
    for world in (ihe, french):
        gateway = world.authenticator()
        kinds = {
            key: accepted(gateway, world.message(key)).subject.kind.value
            for key in ("patient", "representative", "secretary", "auditor", "operator")
        }
        assert kinds == {
            "patient": "patient",
            "representative": "representative",
            "secretary": "delegate",
            "auditor": "auditor",
            "operator": "operator",
        }
        secretary = accepted(gateway, world.message("secretary")).subject
        assert secretary.on_behalf_of is not None


def test_both_versions_of_the_french_assertion_are_taken_and_no_other(french: World) -> None:
    rules = french.profile.identity.assertion
    for version, taken in (("3.0", True), ("4.0", True), ("2.0", False)):
        changed = dataclasses.replace(
            french.profile.identity,
            assertion=dataclasses.replace(
                rules, required_values={**rules.required_values, "VIHF_Version": (version,)}
            ),
        )
        profile = french.profile
        try:
            french.authority._profile = dataclasses.replace(profile, identity=changed)
            octets = french.message("gp")
        finally:
            french.authority._profile = profile
        assert (refusal(french.authenticator(), octets) == "") is taken, version


def test_what_a_second_parser_reads_is_the_same(french: World, ihe: World) -> None:
    saml = "{urn:oasis:names:tc:SAML:2.0:assertion}"
    for world in (french, ihe):
        for person in ("gp", "doctor-b", "patient"):
            octets = world.message(person, Wish(patient="X-1^^^&1.2.3&ISO", reason="a & b < c"))
            access = accepted(world.authenticator(), octets)
            told = {}
            for attribute in ET.fromstring(octets).iter(f"{saml}Attribute"):
                values = [
                    "".join(value.itertext()) or dict(value[0].attrib).get("code", "")
                    for value in attribute.iter(f"{saml}AttributeValue")
                ]
                told[attribute.get("Name")] = values
            assert access.patient is not None
            assert told["urn:oasis:names:tc:xacml:2.0:resource:resource-id"] == [
                access.patient.text
            ]
            assert told["urn:oasis:names:tc:xacml:2.0:subject:role"] == [
                role.code for role in access.subject.roles
            ]
            assert told["urn:oasis:names:tc:xspa:1.0:subject:subject-id"] == [access.subject.name]


# ------------------------------------------------------------------ period, audience


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        (NOW - 61, False),
        (NOW - 59, True),
        (NOW, True),
        (NOW + 1800 + 59, True),
        (NOW + 1800 + 60, False),
        (NOW + 86400, False),
    ],
)
def test_the_period_counts_with_a_minute_of_skew(ihe: World, moment: float, taken: bool) -> None:
    octets = written()
    ihe.clock.seconds = moment
    assert (why(ihe, octets) == "") is taken


def test_a_remembered_verdict_ends_with_the_period(ihe: World) -> None:
    gateway, octets = ihe.authenticator([PROVIDER.issuer()], []), written()
    assert refusal(gateway, octets) == ""
    ihe.clock.seconds = NOW + 1800 + 59
    assert refusal(gateway, octets) == ""
    ihe.clock.seconds = NOW + 1800 + 60
    assert "expired" in refusal(gateway, octets)


def test_no_assertion_lives_longer_than_the_profile_allows(ihe: World, french: World) -> None:
    octets = written(after="2028-01-01T00:00:00Z")
    ihe.clock.seconds = NOW + 3600 + 61
    assert "expired" in why(ihe, octets)
    fresh = french.message("gp")
    french.clock.seconds = NOW + 300 + 61
    assert "expired" in refusal(french.authenticator(), fresh)


@pytest.mark.parametrize(
    "texts",
    [
        {"audience": "https://other.example"},
        {"audience": ""},
        {"conditions": ""},
        {"conditions": '<saml:Conditions NotOnOrAfter="2027-01-15T08:30:00Z"/>'},
        {
            "conditions": "<saml:Conditions><saml:AudienceRestriction><saml:Audience>"
            f"{BASE}</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        },
        {
            "conditions": '<saml:Conditions NotOnOrAfter="2027-01-15T08:30:00Z">'
            f"<saml:AudienceRestriction><saml:Audience>{BASE}</saml:Audience>"
            "</saml:AudienceRestriction><saml:AudienceRestriction><saml:Audience>urn:other"
            "</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
        },
        {
            "conditions": '<saml:Conditions NotOnOrAfter="2027-01-15T08:30:00Z">'
            f"<saml:AudienceRestriction><saml:Audience>{BASE}</saml:Audience>"
            '</saml:AudienceRestriction><saml:Condition xsi:type="x"/></saml:Conditions>'
        },
        {"after": "2027-01-15T08:30:00"},
        {"after": "soon"},
        {"issued": "2027-13-15T08:00:00Z"},
        {"confirmation": ""},
        {
            "confirmation": "<saml:SubjectConfirmation "
            'Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/>'
        },
        {
            "confirmation": "<saml:SubjectConfirmation "
            'Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
            'NotOnOrAfter="2027-01-15T07:00:00Z"/></saml:SubjectConfirmation>'
        },
        {
            "confirmation": "<saml:SubjectConfirmation "
            'Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
            'Recipient="https://other.example"/></saml:SubjectConfirmation>'
        },
        {"authn": ""},
        {"more": "<saml:AuthzDecisionStatement/>"},
        {"role": "PHYS ICIAN"},
        {"person": ""},
        {"person": "DOC-0007^^^&amp;2.999.1.2"},
        {"person": "DOC~0007"},
        {"person": "DOC-0007\u200b"},
        {"patient": "A^B"},
        {"patient": "ALBA\u202e0001^^^&amp;2.999.1.1&amp;ISO"},
        {"issuer": "urn:example:other"},
    ],
)
def test_an_assertion_that_lacks_or_bends_something_is_refused(
    ihe: World, texts: dict[str, str]
) -> None:
    assert why(ihe, written(**texts))


def test_a_value_told_in_two_ways_is_refused(ihe: World) -> None:
    name = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
    more = (
        f'<saml:Attribute Name="{name}"><saml:AttributeValue>BERT^^^&amp;2.999.1.1&amp;ISO'
        "</saml:AttributeValue></saml:Attribute>"
    )
    assert "several ways" in why(ihe, written(attributes=more))


def test_roles_of_several_kinds_are_refused(ihe: World) -> None:
    more = (
        '<saml:Attribute Name="urn:oasis:names:tc:xacml:2.0:subject:role"><saml:AttributeValue>'
        '<Role xmlns="urn:hl7-org:v3" code="PAT" codeSystem="2.16.840.1.113883.5.110"/>'
        "</saml:AttributeValue></saml:Attribute>"
    )
    assert "several kinds" in why(ihe, written(attributes=more))


def test_a_code_of_the_french_modes_that_is_not_known_is_refused(french: World) -> None:
    wish = Wish(facts={"purpose": (Code("urgence", "1.2.250.1.213.1.1.4.248"),)})
    message_ = french.message("gp", wish)
    assert "purpose" in refusal(french.authenticator(), message_)


@pytest.mark.parametrize("word", ["name", "role", "structure", "sector", "purpose"])
def test_what_the_french_assertion_must_tell_must_be_there(french: World, word: str) -> None:
    octets = french.message("gp", Wish(facts={word: ()}))
    assert refusal(french.authenticator(), octets)


# ------------------------------------------------------------------ use


def test_a_french_assertion_is_used_once(french: World) -> None:
    gateway, octets = french.authenticator(), french.message("gp")
    assert refusal(gateway, octets) == ""
    assert "used before" in refusal(gateway, octets)
    assert "used before" in refusal(french.authenticator(), octets)


def test_an_assertion_without_country_serves_one_client(ihe: World) -> None:
    gateway, octets = ihe.authenticator([PROVIDER.issuer()], []), written()
    other = Peer(address="192.0.2.9")
    assert refusal(gateway, octets) == ""
    assert refusal(gateway, octets) == ""
    assert "used before" in refusal(gateway, octets, other)
    assert "used before" in refusal(ihe.authenticator([PROVIDER.issuer()], []), octets, HOLDING)


def test_the_issuer_may_forbid_a_second_use(ihe: World) -> None:
    once = (
        '<saml:Conditions NotOnOrAfter="2027-01-15T08:30:00Z"><saml:AudienceRestriction>'
        f"<saml:Audience>{BASE}</saml:Audience></saml:AudienceRestriction><saml:OneTimeUse/>"
        "</saml:Conditions>"
    )
    gateway, octets = ihe.authenticator([PROVIDER.issuer()], []), written(conditions=once)
    assert refusal(gateway, octets) == ""
    assert "used before" in refusal(gateway, octets)


def test_a_refused_use_does_not_use_an_assertion_up(french: World) -> None:
    gateway, octets = french.authenticator(), french.message("gp")
    french.clock.seconds = NOW - 100
    assert "not count yet" in refusal(gateway, octets)
    french.clock.seconds = NOW
    assert refusal(gateway, octets) == ""


def holder_of_key(certificate: str) -> str:
    return (
        '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key">'
        "<saml:SubjectConfirmationData><ds:KeyInfo><ds:X509Data><ds:X509Certificate>"
        f"{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        "</saml:SubjectConfirmationData></saml:SubjectConfirmation>"
    )


def test_an_assertion_bound_to_a_key_needs_its_certificate(ihe: World) -> None:
    octets = written(confirmation=holder_of_key(base64_of(HOLDER.certificate)))
    stranger = Peer(address="192.0.2.1", certificate=der_of(PROVIDER.pair.certificate))
    assert "confirms" in why(ihe, octets)
    assert "confirms" in why(ihe, octets, stranger)
    assert why(ihe, octets, HOLDING) == ""


def test_a_client_with_a_certificate_is_held_to_it_even_where_a_bearer_would_do(
    ihe: World,
) -> None:
    both = Written().confirmation + holder_of_key(base64_of(HOLDER.certificate))
    stranger = Peer(address="192.0.2.1", certificate=der_of(PROVIDER.pair.certificate))
    assert "confirms" in why(ihe, written(confirmation=both), stranger)
    assert why(ihe, written(confirmation=both), HOLDING) == ""


def test_a_remembered_verdict_still_asks_for_the_certificate(ihe: World) -> None:
    gateway = ihe.authenticator([PROVIDER.issuer()], [])
    octets = written(confirmation=holder_of_key(base64_of(HOLDER.certificate)))
    assert refusal(gateway, octets, HOLDING) == ""
    assert "confirms" in refusal(gateway, octets)


# ------------------------------------------------------------------ without, or beside


def test_a_message_without_assertion_is_refused(ihe: World) -> None:
    gateway = ihe.authenticator()
    assert "no assertion" in refusal(gateway, message(b""))
    assert refusal(gateway, b"<a/>")
    assert refusal(gateway, b"not xml")
    assert refusal(gateway, b"")


def test_an_assertion_without_signature_is_refused(ihe: World) -> None:
    assert "signature" in why(ihe, message(Written(signature="").xml().encode()))
    empty = Written(signature="<ds:Signature/>").xml().encode()
    assert "signature" in why(ihe, message(empty))


def test_every_bit_of_a_signature_counts(ihe: World) -> None:
    octets = written()
    start = octets.index(b"<ds:SignatureValue>") + len(b"<ds:SignatureValue>")
    for at in range(start, start + 340, 17):
        other = b"A" if octets[at : at + 1] != b"A" else b"B"
        assert why(ihe, octets[:at] + other + octets[at + 1 :]), at


def test_every_signed_octet_counts(ihe: World) -> None:
    octets = written()
    for text in (b"DOC-0007", b"ALBA-0001", b"PHYSICIAN", b"08:30:00", b"gateway.example"):
        at = octets.index(text)
        changed = octets[:at] + bytes([octets[at] ^ 1]) + octets[at + 1 :]
        assert why(ihe, changed), text


def test_an_issuer_vouches_only_for_whom_it_may(ihe: World) -> None:
    trust = CertificateTrust(pinned=(PROVIDER.pair.certificate,))
    issuer = trusting(trust)
    limited = dataclasses.replace(
        issuer, voucher=dataclasses.replace(issuer.voucher, kinds=frozenset({SubjectKind.PATIENT}))
    )
    assert "may not vouch" in refusal(ihe.authenticator([limited], []), written())


def test_a_certificate_of_one_structure_speaks_for_no_other(french: World) -> None:
    people = french.authority.people
    pair = french.keys.structure("1379999999")
    hospital = people["hospital"]
    own = french.authority._own_certificate
    try:
        french.authority._own_certificate = lambda person: pair  # type: ignore[method-assign]
        octets = french.message(hospital.key)
    finally:
        french.authority._own_certificate = own  # type: ignore[method-assign]
    assert "another structure" in refusal(french.authenticator(), octets)


def test_a_structure_does_not_vouch_for_direct_authentication(french: World) -> None:
    pair = french.keys.structure("499700000012001")
    own = french.authority._own_certificate
    try:
        french.authority._own_certificate = lambda person: pair  # type: ignore[method-assign]
        octets = french.message("gp")
    finally:
        french.authority._own_certificate = own  # type: ignore[method-assign]
    assert "may not vouch" in refusal(french.authenticator(), octets)


def test_a_message_that_leaves_the_certificate_out_is_signed_with_a_pinned_one(
    ihe: World,
) -> None:
    text = signed(Written(), PROVIDER.pair)
    start, end = text.index(b"<ds:KeyInfo>"), text.index(b"</ds:KeyInfo>") + len(b"</ds:KeyInfo>")
    other = certified("other", key=rsa_key(2))
    pinned = (other.certificate, PROVIDER.pair.certificate)
    gateway = ihe.authenticator([trusting(CertificateTrust(pinned=pinned))], [])
    assert refusal(gateway, message(text[:start] + text[end:])) == ""
