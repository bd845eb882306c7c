"""Who asks, by a bearer token; what its scopes cover; what an authorization server says of it."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest

from gateway.model.datatypes import Identifier
from gateway.model.subject import AccessRequest, Authentication, Mode, Subject, SubjectKind
from gateway.security.authority import Wish
from gateway.security.certificates import der_of
from gateway.security.errors import NotAuthenticated
from gateway.security.introspection import Endpoint, TokenIntrospection
from gateway.security.peer import Peer
from gateway.security.scopes import covers, is_understood, require_scope
from gateway.security.subjects import Reading, Voucher
from gateway.security.tokens import BearerTokens, read_authorization
from tests.security.signing import certified
from tests.security.world import BASE, NOW, PEER, World, bearer, token_refusal

ISSUER = "https://issuer.example"
CLIENT = certified("client")


# ------------------------------------------------------------------ what is read


def test_a_professional_is_known_by_number_role_and_structure(french: World) -> None:
    access = bearer(
        french.authenticator(), french.token("gp", Wish(mode=Mode.BREAK_GLASS, reason="r"))
    )
    subject = access.subject
    assert subject.kind is SubjectKind.PROFESSIONAL
    assert subject.key == "899700000012^1.2.250.1.71.4.2.1"
    assert subject.roles[0].key == ("10", "1.2.250.1.71.1.2.7")
    assert subject.structure_key == "499700000012001^1.2.250.1.71.4.2.2"
    assert (access.mode, access.reason) == (Mode.BREAK_GLASS, "r")
    assert access.scopes == {"user/*.cruds"}
    assert subject.network_address == PEER.address


def test_software_without_a_user_asks_for_itself(ihe: World) -> None:
    subject = bearer(ihe.authenticator(), ihe.token("application")).subject
    assert subject.kind is SubjectKind.SERVICE
    assert subject.key == "demo-app^"
    assert subject.client.name == "Example app"


def test_every_demonstration_person_is_who_the_list_says(ihe: World, french: World) -> None:
    for world in (ihe, french):
        gateway = world.authenticator()
        for key in world.authority.people:
            subject = bearer(gateway, world.token(key)).subject
            assert subject.key, key


def claims_of(world: World, **claims: Any) -> AccessRequest:
    """Read claims of an issuer as if they came verified."""
    tokens = BearerTokens(
        [],
        Reading(conventions=world.profile.identity, naming=world.profile.naming),
        answering({"active": True, "sub": "s", "aud": BASE, "exp": NOW + 60, **claims}),
    )
    return asyncio.run(tokens.access("Bearer opaque", PEER, NOW))


PRO_SANTE_CONNECT = {
    "scope": "user/*.rs",
    "sub": "f:550dc1c8:899700000053",
    "SubjectNameID": "899700000053",
    "SubjectRole": ["10^1.2.250.1.213.1.1.5.5"],
    "SubjectOrganizationID": "1379999929",
    "SubjectOrganization": "Centre hospitalier fictif du Val",
    "Secteur_Activite": "SA01^1.2.250.1.71.4.2.4",
    "Mode_Acces_Raison": "",
    "Acces_Regulation_Medicale": "FAUX",
    "SubjectRefPro": {"exercices": [{"codeProfession": "10", "activities": [{}]}]},
}


def test_the_claims_of_the_national_sign_in_are_read(french: World) -> None:
    access = claims_of(french, **PRO_SANTE_CONNECT)
    assert access.subject.key == "899700000053^1.2.250.1.71.4.2.1"
    assert access.subject.roles[0].key == ("10", "1.2.250.1.71.1.2.7")
    assert access.subject.structure_key == "1379999929^1.2.250.1.71.4.2.2"
    assert access.mode is Mode.NORMAL
    changed = {"Acces_Regulation_Medicale": "VRAI", "Mode_Acces_Raison": "appel au 15"}
    access = claims_of(french, **{**PRO_SANTE_CONNECT, **changed})
    assert (access.mode, access.reason) == (Mode.REGULATION, "appel au 15")


def test_several_places_of_practice_are_no_place(french: World) -> None:
    several = {
        **PRO_SANTE_CONNECT,
        "Secteur_Activite": None,
        "SubjectRefPro": {
            "exercices": [
                {"activities": [{"codeSecteurDactivite": "SA01"}, {"codeSecteurDactivite": "SA07"}]}
            ]
        },
    }
    with pytest.raises(NotAuthenticated):
        claims_of(french, **several)


@pytest.mark.parametrize(
    "claims",
    [
        {"scope": ""},
        {"scope": "openid profile"},
        {"scope": None},
        {"scope": ["user/*.rs"]},
        {"extensions": {"ihe_iua": {"subject_role": [{"code": "X Y"}]}}},
        {"extensions": {"ihe_iua": {"subject_role": [{"system": 1, "code": "X"}]}}},
        {"extensions": {"ihe_iua": {"subject_role": [17]}}},
        {"extensions": {"ihe_iua": {}}},
        {"extensions": []},
        {"sub": "a b~c"},
        {"cnf": {}},
        {"cnf": {"jkt": "x"}},
        {"cnf": "x"},
    ],
)
def test_claims_nobody_understands_are_refused(ihe: World, claims: dict[str, Any]) -> None:
    right = {
        "scope": "user/*.rs",
        "extensions": {"ihe_iua": {"subject_role": [{"system": "urn:oid:2.999.1.7", "code": "X"}]}},
    }
    assert claims_of(ihe, **right).subject.kind is SubjectKind.PROFESSIONAL
    with pytest.raises(NotAuthenticated):
        claims_of(ihe, **{**right, **claims})


# ------------------------------------------------------------------ the header


@pytest.mark.parametrize("header", ["Bearer abc", "bearer abc", "BEARER   abc", " Bearer abc "])
def test_the_header_is_read_in_any_case(header: str) -> None:
    assert read_authorization(header) == "abc"


@pytest.mark.parametrize(
    ("header", "error", "status"),
    [
        (None, "", 401),
        ("", "", 401),
        ("Basic abc", "", 401),
        ("Bearer", "invalid_request", 400),
        ("Bearer a b", "invalid_request", 400),
        ("Bearer a,b", "invalid_request", 400),
        ("Bearer abc, Bearer def", "invalid_request", 400),
        ("Bearer é", "invalid_request", 400),
        ("Bearer " + "a" * 9000, "invalid_token", 401),
    ],
)
def test_a_header_without_one_token_is_refused(header: str | None, error: str, status: int) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        read_authorization(header)
    assert (refused.value.error, refused.value.status) == (error, status)
    assert refused.value.www_authenticate.startswith('Bearer realm="fhir"')


def test_a_refusal_tells_nothing_of_the_token(ihe: World) -> None:
    with pytest.raises(NotAuthenticated) as refused:
        bearer(ihe.authenticator(), "eyJ.secret.x")
    assert "secret" not in refused.value.www_authenticate + refused.value.public
    assert refused.value.fault_reason == "the security token of this message is not accepted"


# ------------------------------------------------------------------ use


def test_a_remembered_token_ends_when_it_ends(ihe: World) -> None:
    gateway, token = ihe.authenticator(), ihe.token("gp", Wish(lifetime=600))
    assert token_refusal(gateway, token) == ""
    ihe.clock.seconds = NOW + 659
    assert token_refusal(gateway, token) == ""
    ihe.clock.seconds = NOW + 660
    assert "expired" in token_refusal(gateway, token)
    ihe.clock.seconds = NOW - 61
    assert token_refusal(gateway, token)


def test_a_token_bound_to_a_certificate_needs_it(ihe: World) -> None:
    thumbprint = urlsafe_b64encode(Peer(certificate=der_of(CLIENT.certificate)).thumbprint)
    bound = {"cnf": {"x5t#S256": thumbprint.rstrip(b"=").decode()}}
    tokens = BearerTokens(
        [],
        Reading(conventions=ihe.profile.identity, naming=ihe.profile.naming),
        answering(
            {
                "active": True,
                "sub": "app",
                "client_id": "app",
                "aud": BASE,
                "exp": NOW + 60,
                "scope": "system/*.rs",
                **bound,
            }
        ),
    )
    holder = Peer(certificate=der_of(CLIENT.certificate))
    assert asyncio.run(tokens.access("Bearer t", holder, NOW)).subject.key == "app^"
    for stranger in (Peer(), Peer(certificate=der_of(certified("other").certificate))):
        with pytest.raises(NotAuthenticated):
            asyncio.run(tokens.access("Bearer t", stranger, NOW))


# ------------------------------------------------------------------ scopes


def access(*scopes: str, patient: bool = False) -> AccessRequest:
    return AccessRequest(
        subject=Subject(kind=SubjectKind.PROFESSIONAL, authentication=Authentication.DIRECT),
        scopes=frozenset(scopes),
        patient=Identifier.of("1", "1.2.3") if patient else None,
    )


@pytest.mark.parametrize(
    ("scope", "resource", "interaction", "transaction", "covered"),
    [
        ("ITI-67", "DocumentReference", "search-type", "ITI-67", True),
        ("ITI-67", "DocumentReference", "search-type", "ITI-66", False),
        ("ITI-6", "DocumentReference", "search-type", "ITI-67", False),
        ("user/DocumentReference.rs", "DocumentReference", "search-type", "ITI-67", True),
        ("user/DocumentReference.rs", "DocumentReference", "read", "", True),
        ("user/DocumentReference.r", "DocumentReference", "search-type", "ITI-67", False),
        ("user/DocumentReference.rs", "DocumentReference", "create", "", False),
        ("user/DocumentReference.rs", "List", "read", "", False),
        ("user/*.cruds", "Consent", "delete", "", True),
        ("system/*.read", "Consent", "search-type", "", True),
        ("system/*.read", "Consent", "update", "", False),
        ("system/Consent.write", "Consent", "patch", "", True),
        ("user/Consent.*", "Consent", "vread", "", True),
        ("patient/*.rs", "Consent", "read", "", False),
        ("user/Consent.sr", "Consent", "read", "", False),
        ("user/Consent.", "Consent", "read", "", False),
        ("user/DocumentReference.rs?category=x", "DocumentReference", "read", "", False),
        ("user/consent.r", "consent", "read", "", False),
        ("openid", "Consent", "read", "", False),
    ],
)
def test_scopes(
    scope: str, resource: str, interaction: str, transaction: str, covered: bool
) -> None:
    asked = access(scope)
    found = covers(asked, resource_type=resource, interaction=interaction, transaction=transaction)
    assert found is covered
    if not covered:
        with pytest.raises(NotAuthenticated) as refused:
            require_scope(
                asked, resource_type=resource, interaction=interaction, transaction=transaction
            )
        assert (refused.value.error, refused.value.status) == ("insufficient_scope", 403)
        assert 'scope="' in refused.value.www_authenticate


def test_a_patients_scope_needs_a_patient() -> None:
    asked = access("patient/DocumentReference.rs", patient=True)
    assert covers(asked, resource_type="DocumentReference", interaction="read")


def test_an_assertion_has_no_scopes_and_needs_none() -> None:
    assert covers(access(), resource_type="Consent", interaction="delete")


def test_scopes_that_could_cover_something_are_told_from_others() -> None:
    assert is_understood("ITI-67")
    assert is_understood("patient/DocumentReference.rs")
    for other in ("user/X.", "openid", "ITI-067", "ITI-0", "user/*.rs?x=y", "launch/patient"):
        assert not is_understood(other)


# ------------------------------------------------------------------ introspection


def endpoint(**more: Any) -> Endpoint:
    values: dict[str, Any] = {
        "url": "https://issuer.example/introspect",
        "issuer": ISSUER,
        "audiences": frozenset({BASE}),
        "voucher": Voucher(issuer=ISSUER),
        "client_id": "gateway",
        "client_secret": "s3cret",
        **more,
    }
    return Endpoint(**values)


def answering(value: Any, *, status: int = 200, seen: list[httpx.Request] | None = None) -> Any:
    def handle(request: httpx.Request) -> httpx.Response:
        if seen is not None:
            seen.append(request)
        content = value if isinstance(value, bytes) else json.dumps(value).encode()
        return httpx.Response(status, content=content, headers={"location": "https://x.example/"})

    return TokenIntrospection(endpoint(), httpx.MockTransport(handle))


ACTIVE = {
    "active": True,
    "sub": "app",
    "client_id": "app",
    "aud": BASE,
    "exp": NOW + 60,
    "scope": "system/*.rs",
}


def opaque(world: World, introspection: Any, moments: tuple[float, ...] = (NOW,)) -> list[str]:
    tokens = BearerTokens(
        [],
        Reading(conventions=world.profile.identity, naming=world.profile.naming),
        introspection,
        introspected_for=30,
    )
    found = []
    for moment in moments:
        try:
            asyncio.run(tokens.access("Bearer opaque-token", PEER, moment))
            found.append("")
        except NotAuthenticated as refused:
            found.append(refused.message)
    return found


def test_an_opaque_token_is_asked_about_and_the_answer_believed_shortly(ihe: World) -> None:
    seen: list[httpx.Request] = []
    moments = (NOW, NOW + 1, NOW + 29, NOW + 31)
    assert opaque(ihe, answering(ACTIVE, seen=seen), moments) == [""] * 4
    assert len(seen) == 2
    assert parse_qs(seen[0].content.decode())["token"] == ["opaque-token"]
    assert seen[0].headers["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "changes",
    [
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"aud": "https://other.example"},
        {"aud": None},
        {"iss": "https://other.example"},
        {"exp": NOW - 61},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": NOW + 61},
        {"sub": None},
        {"scope": ""},
    ],
)
def test_an_answer_that_does_not_fit_is_a_refusal(ihe: World, changes: dict[str, Any]) -> None:
    assert opaque(ihe, answering({**ACTIVE, **changes})) != [""]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 200),
        (b"[]", 200),
        (b'{"active": true, "active": true}', 200),
        (b"x" * 300_000, 200),
        (json.dumps(ACTIVE).encode(), 302),
        (json.dumps(ACTIVE).encode(), 401),
        (json.dumps(ACTIVE).encode(), 500),
    ],
)
def test_a_server_that_does_not_answer_lets_nobody_in(
    ihe: World, content: bytes, status: int
) -> None:
    assert opaque(ihe, answering(content, status=status)) == [
        "the authorization server does not answer"
    ]


def test_without_introspection_an_opaque_token_is_refused(ihe: World) -> None:
    assert "nobody can be asked" in opaque(ihe, None)[0]
