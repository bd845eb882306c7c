"""What a live test finds is said in French as in English, with all its values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from conformance.cli import main
from conformance.live import sentences
from conformance.live.answers import Answer
from conformance.live.expectations import SIGHT_WORDS, check
from conformance.live.sentences import Said
from conformance.suite.values import Step, Text
from conformance.suite.words import Scope
from gateway.validation.issue import Issue
from tests.conformance.test_simulators import simulated
from tests.shared import ROOT

RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
STATUS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType"
XML = {"content-type": "application/soap+xml"}
JSON = {"content-type": "application/fhir+json"}
FAILURE = (
    f'<r:RegistryResponse xmlns:r="{RS}" status="{STATUS}:Failure"><r:RegistryErrorList>'
    '<r:RegistryError errorCode="XDSRepositoryError" codeContext="the disk is full" '
    'severity="urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"/>'
    "</r:RegistryErrorList></r:RegistryResponse>"
).encode()
SUCCESS = f'<r:RegistryResponse xmlns:r="{RS}" status="{STATUS}:Success"/>'.encode()
FAULT = (
    b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code>'
    b"<s:Value>s:Sender</s:Value></s:Code></s:Fault></s:Body></s:Envelope>"
)
DOCUMENT = (
    b'<x:RetrieveDocumentSetResponse xmlns:x="urn:ihe:iti:xds-b:2007"><x:DocumentResponse>'
    b"<x:Document>%s</x:Document></x:DocumentResponse></x:RetrieveDocumentSetResponse>"
)
BUNDLE = b'{"resourceType":"Bundle","total":2,"link":["a","b"]}'


def answer(octets: bytes, headers: Mapping[str, str] = XML, status: int = 200) -> Answer:
    return Answer(status, headers, octets)


def see(word: str, asked: Any, path: str = "/link/0") -> dict[str, Any]:
    return {"see": [{"path": path, word: asked}]}


CASES: list[tuple[dict[str, Any], Answer, str]] = [
    ({"status": [200, 201]}, answer(b"", status=400), "attendu : 200 ou 201 ; reçu : 400"),
    (
        {"response": "Success"},
        answer(FAILURE),
        "attendu : Success ; reçu : Failure (XDSRepositoryError: the disk is full)",
    ),
    ({"response": "Success"}, answer(FAULT), "attendu : Success ; reçu : l'erreur SOAP s:Sender"),
    ({"response": "Failure"}, answer(BUNDLE, JSON), "aucune réponse de cette sorte"),
    ({"errors": []}, answer(FAILURE), "attendu : aucune erreur ; reçu : (XDSRepositoryError"),
    ({"errors": ["XDSOther"]}, answer(SUCCESS), "l'erreur XDSOther ; reçu : aucune"),
    ({"one_of": ["XDSA", "XDSB"]}, answer(SUCCESS), "une des erreurs XDSA, XDSB ; reçu : aucune"),
    ({"warnings": ["XDSW"]}, answer(SUCCESS), "l'avertissement XDSW ; reçu : aucun"),
    ({"says": "done"}, answer(SUCCESS), "'done' ne figure pas dans la réponse"),
    ({"fault": "Sender"}, answer(b"", status=500), "une erreur SOAP Sender ; reçu : statut 500"),
    ({"headers": {"ETag": "W/.*"}}, answer(SUCCESS), "l'en-tête ETag est absent"),
    ({"headers": {"Content-Type": "text/.*"}}, answer(b""), "attendu : text/.* ; reçu : appl"),
    ({"octets": "twelve octet"}, answer(b"other"), "le corps fait 5 octets (SHA-1 "),
    ({"documents": ["a", "b"]}, answer(DOCUMENT % b"YQ=="), "attendu : 2 ; reçu : 1"),
    ({"documents": ["b"]}, answer(DOCUMENT % b"YQ=="), "le document 1 fait 1 octets (SHA-1 86f7"),
    ({"documents": ["b"]}, answer(DOCUMENT % b"%"), "le document 1 est référencé et n'est pas"),
    ({"mtom": True}, answer(SUCCESS), "documents à côté ; reçu : application/soap+xml"),
    ({"mtom": False}, answer(b"--b--", {"content-type": "multipart/related"}), "un message seul"),
    ({"valid": ["http://x/y"]}, answer(SUCCESS), "il n'y a pas de ressource à vérifier"),
    (see("equals", ["a", "c"]), answer(BUNDLE, JSON), "attendu : a et c ; trouvé : a"),
    (see("equals", []), answer(BUNDLE, JSON), "attendu : rien ; trouvé : a"),
    (see("any_order", ["c", "b"]), answer(BUNDLE, JSON), "dans n'importe quel ordre b et c"),
    (see("matches", "[0-9]+"), answer(BUNDLE, JSON), "chaque valeur de la forme [0-9]+"),
    (see("contains", ["z", "y"]), answer(BUNDLE, JSON), "z et y parmi les valeurs ; trouvé : a"),
    (see("lacks", ["a"]), answer(BUNDLE, JSON), "ni a parmi les valeurs ; trouvé : a"),
    (see("count", 3), answer(BUNDLE, JSON), "des valeurs au nombre de 3 ; trouvé : a"),
    (see("at_least", 3), answer(BUNDLE, JSON), "des valeurs au nombre de 3 au moins"),
    (see("exists", True, "/none"), answer(BUNDLE, JSON), "attendu : une valeur ; trouvé : rien"),
    (see("exists", False), answer(BUNDLE, JSON), "attendu : rien ; trouvé : a"),
    (see("among", ["c", "d"]), answer(BUNDLE, JSON), "une des valeurs c, d ; trouvé : a"),
    (see("differs", "a"), answer(BUNDLE, JSON), "une autre valeur que a ; trouvé : a"),
    (see("exists", True), answer(b"x", {}), "ni du XML ni du JSON : elle n'a pas de type"),
    (see("exists", True), answer(b"{", JSON), "ni du XML ni du JSON : le JSON ne peut pas être lu"),
    (see("exists", True), answer(b"<a", XML), "le XML ne peut pas être lu : ligne 1, colonne 3 : "),
    (see("exists", True, "]"), answer(SUCCESS), "] n'est pas un XPath : "),
    (see("exists", True, "(("), answer(BUNDLE, JSON), "(( ne peut pas être évalué : "),
    (
        {"same_as": "first"},
        answer(b"one", {"content-type": "text/plain", "etag": "2"}, 404),
        "cette réponse et celle de « first » diffèrent : statut 404 et statut 200",
    ),
]


def found(expect: Mapping[str, Any], told: Answer) -> tuple[Issue, ...]:
    step = Step(title=Text(), table={"expect": expect}, path=Path("suite.toml"), line=1)
    scope = Scope(now=lambda: datetime(2026, 11, 20, tzinfo=UTC), counter=count(1))
    first = answer(b"two", {"content-type": "text/plain", "etag": "1"})
    return check(step, scope, told, {"first": first}, None)


@pytest.mark.parametrize(("expect", "told", "french"), CASES)
def test_a_finding_says_in_french_what_it_says_in_english(
    expect: Mapping[str, Any], told: Answer, french: str
) -> None:
    issues = found(expect, told)
    assert any(french in issue.message_fr for issue in issues), issues
    for issue in issues:
        assert issue.message_fr not in ("", issue.message)
        for value in re.findall(r"'[^']*'|\([^()]*\)|\d+|XDS\w+", issue.message):
            assert value in issue.message_fr


def test_every_word_of_an_expectation_is_tried() -> None:
    words = {word for expect, _, _ in CASES for word in expect}
    assert {word for word in words if word != "see"} == {
        "status", "response", "errors", "one_of", "warnings", "says", "fault", "headers", "octets",
        "documents", "mtom", "valid", "same_as",
    }  # fmt: skip
    seen = {word for expect, _, _ in CASES for table in expect.get("see", ()) for word in table}
    assert seen == {"path", *SIGHT_WORDS}


def test_no_french_sentence_belongs_to_an_english_one_nobody_says() -> None:
    code = "".join(p.read_text() for p in sorted((ROOT / "conformance" / "live").glob("*.py")))
    said = {name: one for name, one in vars(sentences).items() if isinstance(one, Said)}
    assert len(said) > 50
    assert [name for name in said if f"says.{name}" not in code] == []
    for one in (*said.values(), *sentences.LACKING.values()):
        assert names_in(one.en) == names_in(one.fr), one
        assert one.fr != one.en or one == sentences.ASSERTION, one
        assert not re.search(r"\w[;!?](?: |$)", one.fr), one


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def test_a_run_in_french_tells_its_findings_and_reasons_in_french(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--suite", "ihe-repository", "--suite", "ihe-mhd", "--language", "fr"]
    words += ["--filter", "*/provide-and-retrieve"]
    with simulated("other-document") as url:
        doors = ["--registry", f"{url}/registry", "--repository", f"{url}/repository"]
        assert main(["run", *doors, *words]) == 1
    shown = " ".join(capsys.readouterr().out.split())
    assert re.search(r"le document 1 fait \d+ octets \(SHA-1 \w+\), attendu : ", shown)
    assert "aucune interface FHIR n'a été indiquée ou trouvée (--fhir)" in shown
