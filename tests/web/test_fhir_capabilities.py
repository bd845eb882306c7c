"""The CapabilityStatement is true in both directions: what it declares is done, the rest is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from fhir.resources.R4B.capabilitystatement import CapabilityStatement
from starlette.testclient import TestClient

from gateway.codecs.fhir.elements import _lines, is_resource
from gateway.codecs.fhir.subscription import FILTER, TOPIC
from gateway.codecs.fhir.xml import json_from_xml
from gateway.model import choices as c
from gateway.model.datatypes import DateTime
from gateway.profile import read_profile
from gateway.translators.consents import to_consent
from tests.shared import ROOT
from tests.web.letters import add_event, add_notice
from tests.web.messages import (
    FHIR,
    PATIENT,
    binary,
    bundle,
    document_reference,
    publish,
    submission_list,
    urn,
)

Json = dict[str, Any]

RESOURCES = sorted(name for name in _lines() if is_resource(name))
INTERACTIONS = (
    "read",
    "vread",
    "update",
    "patch",
    "delete",
    "history-instance",
    "history-type",
    "create",
    "search-type",
)
OPERATIONS = (
    "$generate-metadata",
    "$match",
    "$ihe-pix",
    "$validate",
    "$everything",
    "$meta",
    "$find",
)

# What a search of each type cannot do without.
NEEDED = {
    "DocumentReference": {
        "patient.identifier": f"urn:oid:{PATIENT.authority}|{PATIENT.value}",
        "status": "current",
    },
    "List": {
        "patient.identifier": f"urn:oid:{PATIENT.authority}|{PATIENT.value}",
        "status": "current",
        "code": "submissionset",
    },
    "Patient": {"identifier": f"urn:oid:{PATIENT.authority}|{PATIENT.value}"},
    "Consent": {
        "patient.identifier": f"urn:oid:{PATIENT.authority}|{PATIENT.value}",
        "status": "active",
    },
    "AuditEvent": {"date": "ge2000-01-01"},
}
VALUES = {
    "token": ("x", "urn:oid:2.999|x"),
    "date": ("2025", "ge2025-01-01"),
    "string": ("x",),
    "reference": ("Patient/x",),
    "uri": ("urn:oid:2.999",),
    "number": ("1",),
}
# Values of a parameter that takes not every value of its type.
OWN_VALUES: dict[Any, Any] = {
    "status": ("current",),
    "code": ("submissionset", "folder"),
    "_id": ("0d5f0b1e-7a56-4a1c-9a4e-000000000001",),
    "gender": ("female",),
    "active": ("true",),
    "patient.identifier": ("urn:oid:2.999|x",),
    "related": None,
    ("Consent", "status"): ("active", "inactive"),
    "action": ("C", "E,R"),
    "outcome": ("0", "4"),
}
KNOWN = f"urn:oid:{PATIENT.authority}|x"
"""Of a domain with patients; PDQm answers 404 for another one."""
# Parameters of R4 for these types, of which a server declares what it likes; but for `subject`,
# another name of `patient` that is understood and not advertised.
OF_R4 = {
    "DocumentReference": (
        "authenticator author category contenttype custodian date description encounter event "
        "facility format identifier language location patient period related relatesto relation "
        "security-label setting status type creation _tag _profile _security _text _content"
    ),
    "List": (
        "code date empty-reason encounter identifier item notes patient source status "
        "title designationType sourceId _tag _profile _security _text _content"
    ),
    "Patient": (
        "active address address-city address-country birthdate death-date deceased email family "
        "gender general-practitioner given identifier language link name organization phone "
        "phonetic telecom _tag _profile _security"
    ),
    "Consent": (
        "action actor category consentor data date identifier organization patient period purpose "
        "scope security-label source-reference status _tag _profile _security _text _content"
    ),
    "AuditEvent": (
        "action address agent agent-name agent-role altid date entity entity-name entity-role "
        "entity-type outcome patient policy site source subtype type _tag _profile _security"
    ),
}


@dataclass(frozen=True)
class Served:
    """A gateway with a document, and what it says it can do."""

    client: TestClient
    statement: Json
    ids: dict[str, str]

    @property
    def rest(self) -> Json:
        (rest,) = self.statement["rest"]
        return rest  # type: ignore[no-any-return]

    def declared(self, kind: str) -> Json:
        found = [r for r in self.rest["resource"] if r["type"] == kind]
        return found[0] if found else {}

    def codes(self, kind: str) -> set[str]:
        return {i["code"] for i in self.declared(kind).get("interaction", ())}

    def attempt(self, kind: str, code: str) -> Any:
        """Try an interaction with what is at hand."""
        name = self.ids.get(kind, "x")
        one = f"/fhir/{kind}/{name}"
        body = json.dumps({"resourceType": kind})
        match code:
            case "read":
                return self.client.get(one)
            case "vread":
                return self.client.get(f"{one}/_history/1")
            case "update":
                return self.client.put(one, content=body, headers=FHIR)
            case "patch":
                return self.client.patch(one, content=body, headers=FHIR)
            case "delete":
                return self.client.delete(one)
            case "history-instance":
                return self.client.get(f"{one}/_history")
            case "history-type":
                return self.client.get(f"/fhir/{kind}/_history")
            case "create":
                return self.client.post(f"/fhir/{kind}", content=body, headers=FHIR)
            case "search-type":
                return self.client.get(f"/fhir/{kind}", params=NEEDED.get(kind, {}))
        raise AssertionError(code)


def is_done(answer: Any) -> bool:
    """Whether somebody answers at this address, be it with a complaint about the request."""
    if answer.status_code == 405:
        return False
    if answer.status_code != 404:
        return True
    return answer.json()["issue"][0]["details"]["text"] != "path-known"


def told(answer: Any) -> bool:
    """Whether a search says something about itself."""
    entries = answer.json().get("entry", ())
    return any(entry["search"]["mode"] == "outcome" for entry in entries)


def hiding() -> Json:
    """A Consent that hides everything."""
    said = c.Statement(
        patient_id=PATIENT,
        date_time=DateTime("2026"),
        organization=PATIENT,
        source="DocumentReference/signed",
        choices=(c.HideAll(hidden=True),),
    )
    written: Json = to_consent(said, read_profile("ihe", ROOT / "profiles")).value
    return written


SUBSCRIPTION = {
    "resourceType": "Subscription",
    "status": "requested",
    "reason": "to try",
    "criteria": TOPIC + "DSUBm-SubscriptionTopic-DocumentReference-PatientDependent",
    "_criteria": {
        "extension": [
            {
                "url": FILTER,
                "valueString": "DocumentReference?patient.identifier="
                f"urn:oid:{PATIENT.authority}|{PATIENT.value}",
            }
        ]
    },
    "channel": {"type": "rest-hook", "endpoint": "http://127.0.0.1:9/hook"},
}


@pytest.fixture
def served(open_gateway: Any) -> Served:
    client = open_gateway(notify_endpoints="http://127.0.0.1:9")
    answer = publish(
        client,
        bundle(
            submission_list("2.999.5.9", urn(2)),
            document_reference("2.999.4.9", b"hello", urn(3), number=2),
            binary(b"hello", number=3),
        ),
    )
    places = [e["response"]["location"].split("/") for e in answer.json()["entry"]]
    ids = {place[0]: place[1] for place in places}
    patients = client.get("/fhir/Patient", params=NEEDED["Patient"]).json()
    ids["Patient"] = patients["entry"][0]["resource"]["id"]
    consent = client.post("/fhir/Consent", content=json.dumps(hiding()), headers=FHIR)
    ids["Consent"] = consent.json()["id"]
    taken = client.post("/fhir/Subscription", content=json.dumps(SUBSCRIPTION), headers=FHIR)
    ids["Subscription"] = taken.json()["id"]
    ids["Basic"] = "DSUBm-SubscriptionTopic-DocumentReference-PatientDependent"
    ids["AuditEvent"] = "00000000-0000-7000-8000-000000000001"
    add_event(client, "urn:uuid:" + ids["AuditEvent"])
    ids["Communication"] = add_notice(client, PATIENT).removeprefix("urn:uuid:")
    statement = client.get("/fhir/metadata").json()
    return Served(client, statement, ids)


def test_the_statement_is_one_in_both_forms(served: Served) -> None:
    CapabilityStatement.model_validate(served.statement)
    as_xml = served.client.get("/fhir/metadata", headers={"accept": "application/fhir+xml"})
    CapabilityStatement.model_validate_xml(as_xml.content)
    assert json.loads(json_from_xml(as_xml.content)) == served.statement


def test_every_declared_interaction_is_done_and_no_other(served: Served) -> None:
    for kind in RESOURCES:
        declared = served.codes(kind)
        # Most types are refused alike at their first address.
        codes = INTERACTIONS if declared else ("read", "search-type", "create", "update")
        for code in codes:
            answer = served.attempt(kind, code)
            assert answer.status_code < 500, (kind, code)
            assert is_done(answer) == (code in declared), (kind, code, answer.text)
            if code in declared and code in ("read", "vread", "history-instance", "search-type"):
                assert answer.status_code == 200, (kind, code, answer.text)


def test_every_declared_interaction_of_the_whole_system_is_done_and_no_other(
    served: Served,
) -> None:
    declared = {i["code"] for i in served.rest.get("interaction", ())}
    client = served.client
    transaction = bundle(submission_list("2.999.5.10"))
    attempts = {
        "transaction": client.post("/fhir", content=json.dumps(transaction), headers=FHIR),
        "batch": client.post(
            "/fhir", content=json.dumps({**transaction, "type": "batch"}), headers=FHIR
        ),
        "search-system": client.get("/fhir?_type=List"),
        "history-system": client.get("/fhir/_history"),
    }
    for code, answer in attempts.items():
        if code in declared:
            assert answer.status_code == 200, (code, answer.text)
        else:
            assert 400 <= answer.status_code < 500, (code, answer.text)


def test_every_declared_search_parameter_is_understood_and_no_other(served: Served) -> None:
    strict = {"prefer": "handling=strict"}
    for kind, needed in NEEDED.items():
        declared = {p["name"]: p for p in served.declared(kind).get("searchParam", ())}
        assert declared, kind
        for name, parameter in declared.items():
            assert parameter.get("documentation") or parameter.get("definition"), (kind, name)
            usual = OWN_VALUES.get(name, VALUES[parameter["type"]])
            values = OWN_VALUES.get((kind, name), usual)
            if (kind, name) == ("Patient", "identifier"):
                values = (KNOWN,)
            for value in values or ():
                answer = served.client.get(
                    f"/fhir/{kind}", params={**needed, name: value}, headers=strict
                )
                assert answer.status_code == 200, (kind, name, value, answer.text)
        for name in OF_R4[kind].split():
            if name in declared:
                continue
            asked = {**needed, name: "x"}
            refused = served.client.get(f"/fhir/{kind}", params=asked, headers=strict)
            # A reference that nothing here can have is understood: it finds nothing and says why.
            empty = refused.status_code == 200 and refused.json()["total"] == 0
            assert refused.status_code == 400 or (empty and told(refused)), (kind, name)
            passed = served.client.get(f"/fhir/{kind}", params=asked)
            assert passed.status_code == 200, (kind, name, passed.text)
            assert told(passed), (kind, name)


def test_a_search_may_be_posted_wherever_it_may_be_asked(served: Served) -> None:
    for kind in RESOURCES:
        answer = served.client.post(f"/fhir/{kind}/_search", data=NEEDED.get(kind, {"_id": "x"}))
        assert is_done(answer) == ("search-type" in served.codes(kind)), kind


def test_every_declared_operation_is_done_and_no_other(served: Served) -> None:
    def named(place: Json) -> set[str]:
        return {"$" + operation["name"] for operation in place.get("operation", ())}

    for kind in ("DocumentReference", "List", "Binary", "Patient", "Consent"):
        declared = named(served.declared(kind))
        for name in {*OPERATIONS, *declared}:
            answers = [
                served.client.post(f"/fhir/{kind}/{name}", content=b"{}", headers=FHIR),
                served.client.get(f"/fhir/{kind}/{name}"),
                served.client.get(f"/fhir/{kind}/{served.ids[kind]}/{name}"),
            ]
            assert any(map(is_done, answers)) == (name in declared), (kind, name)
    for name in {*OPERATIONS, *named(served.rest)}:
        answer = served.client.post(f"/fhir/{name}", content=b"{}", headers=FHIR)
        assert is_done(answer) == (name in named(served.rest)), name


def formats(statement: Json) -> Iterator[tuple[str, dict[str, str]]]:
    for name in statement["format"]:
        yield f"?_format={name.replace('+', '%2B')}", {}
        if "/" in name:
            yield "", {"accept": name}


def test_every_declared_format_is_given_and_taken_and_no_other(served: Served) -> None:
    for query, headers in formats(served.statement):
        answer = served.client.get(f"/fhir/metadata{query}", headers=headers)
        assert answer.status_code == 200, (query, headers)
    others = {"format": ["application/fhir+turtle", "ttl", "text/html", "html", "text/csv"]}
    for query, headers in formats(others):
        answer = served.client.get(f"/fhir/metadata{query}", headers=headers)
        assert answer.status_code == 406, (query, headers)
    for name in ("application/fhir+json", "application/fhir+xml", *others["format"]):
        posted = served.client.post("/fhir", content=b"?", headers={"content-type": name})
        assert (posted.status_code != 415) == (name in served.statement["format"]), name


def test_conditions_are_followed_where_they_are_declared(served: Served) -> None:
    client = served.client
    for kind in RESOURCES:
        said = served.declared(kind)
        if not said:
            continue
        if "read" in served.codes(kind):
            url = f"/fhir/{kind}/{served.ids[kind]}"
            read = client.get(url)
            by_tag = client.get(url, headers={"if-none-match": read.headers["etag"]})
            at = read.headers.get("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT")
            by_time = client.get(url, headers={"if-modified-since": at})
            assert (by_tag.status_code == 304) == (
                said["conditionalRead"] in ("not-match", "full-support")
            ), kind
            assert (by_time.status_code == 304) == (
                said["conditionalRead"] in ("modified-since", "full-support")
            ), kind
        answer = client.delete(f"/fhir/{kind}?identifier=urn:x|y")
        assert is_done(answer) != (said["conditionalDelete"] == "not-supported"), kind
        body = json.dumps({"resourceType": kind})
        put = client.put(f"/fhir/{kind}?identifier=urn:x|y", content=body, headers=FHIR)
        assert is_done(put) == said["conditionalUpdate"], kind


def test_a_patient_is_created_once_where_there_is_none(served: Served) -> None:
    said = served.declared("Patient")
    assert said["conditionalCreate"] and said["updateCreate"]
    system, value = f"urn:oid:{PATIENT.authority}", "only-once"
    body = {"resourceType": "Patient", "identifier": [{"system": system, "value": value}]}
    headers = {**FHIR, "if-none-exist": f"identifier={system}|{value}"}
    first = served.client.post("/fhir/Patient", content=json.dumps(body), headers=headers)
    again = served.client.post("/fhir/Patient", content=json.dumps(body), headers=headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.headers["location"] == again.headers["location"]
    assert again.headers["etag"] == 'W/"1"'
    vague = {**FHIR, "if-none-exist": "name=x"}
    refused = served.client.post("/fhir/Patient", content=json.dumps(body), headers=vague)
    assert refused.status_code == 400
    made = served.client.put("/fhir/Patient/named", content=json.dumps(body), headers=FHIR)
    assert made.status_code in (201, 409, 422)


def test_a_patient_is_changed_only_at_the_version_that_was_read(served: Served) -> None:
    assert served.declared("Patient")["versioning"] == "versioned-update"
    body = {
        "resourceType": "Patient",
        "identifier": [{"system": f"urn:oid:{PATIENT.authority}", "value": "versioned"}],
    }
    url = "/fhir/Patient/v"

    def put(**headers: str) -> int:
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = served.client.put(url, content=json.dumps(body), headers={**FHIR, **more})
        return int(answer.status_code)

    assert put(if_match='W/"1"') == 412
    assert put() == 201
    assert put(if_match='W/"1"') == 200
    assert put(if_match='W/"1"') == 412
    assert put(if_match='W/"2"') == 200
