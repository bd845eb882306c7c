"""Official rule sets say through our engine what they say through Saxon with the ISO skeleton."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.validation.cda import CdaDocument, CdaValidator, Schematron
from gateway.validation.issue import IssueKind
from tests.shared import ROOT, shared
from tests.validation.cda.damage import damaged
from tests.validation.cda.skeleton import Skeleton, failures_in

HEADER = "profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch"
COMMON = ("profils/CI-SIS_ModelesDeContenusCDA.sch", "profils/CI-SIS_Modeles_ANS.sch")


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Skeleton:
    return Skeleton(tmp_path_factory.mktemp("skeleton"))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CdaValidator]:
    schematrons = [ROOT / "profiles" / "fr-dmp" / "schematrons"]
    folder = shared("data/france/schematron")
    cache = tmp_path_factory.mktemp("cache")
    with CdaValidator(None, schematrons, cache, official=folder) as validator:
        yield validator


@pytest.fixture(scope="module")
def one_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CdaValidator]:
    with CdaValidator(cache=tmp_path_factory.mktemp("cache")) as validator:
        yield validator


def documents() -> list[Path]:
    return sorted(shared("data/france/cda").glob("*.xml"))


def model_of(validator: CdaValidator, path: Path) -> list[str]:
    """The rule sets of a document's model, as the catalogue has them."""
    chosen, notes = validator.rule_sets_for(CdaDocument(path.read_bytes()))
    assert notes == ()
    folder = shared("data/france/schematron").resolve()
    return [
        one.path.resolve().relative_to(folder).as_posix()
        for one in chosen
        if folder in one.path.resolve().parents
    ]


def compare(
    skeleton: Skeleton, validator: CdaValidator, schema: str, octets: bytes, told: Counter[str]
) -> None:
    folder = shared("data/france/schematron")
    folders = (folder, shared("data/france/jeuxDeValeurs"))
    expected = skeleton.judge(schema, octets)
    issues = validator.validate(octets, [Schematron(folder / schema, folders)])
    not_checked = [issue for issue in issues if issue.kind is IssueKind.NOT_CHECKED]
    if expected is None:
        # The skeleton gave up on the whole document; we say on what, and judge the rest.
        assert not_checked, schema
        told["given up"] += 1
        return
    assert not not_checked, (schema, not_checked[0].message)
    found = failures_in(issues)
    assert found == expected, (schema, found - expected, expected - found)
    told["documents"] += 1
    told["failures"] += sum(found.values())


def test_the_examples_name_the_rule_sets_our_catalogue_chooses(ours: CdaValidator) -> None:
    for path in documents():
        text = path.read_text(encoding="utf-8")
        named = {
            line.partition('SCHSchema="../schematrons/')[2].partition('"')[0]
            for line in text.splitlines()
            if "<?oxygen SCHSchema=" in line
        }
        # Not in the stored copy of the publisher's folder.
        named.discard("profils/terminologies/schematron/terminologie.sch")
        chosen = set(model_of(ours, path))
        assert named <= chosen, path.name
        assert chosen - named <= {HEADER, *COMMON, "profils/IHE.sch"}, path.name


def test_undamaged_documents_fail_the_same_assertions(
    skeleton: Skeleton, one_set: CdaValidator
) -> None:
    told: Counter[str] = Counter()
    for path in documents()[::3]:
        for schema in COMMON:
            compare(skeleton, one_set, schema, path.read_bytes(), told)
    assert told["documents"] == 2 * len(documents()[::3])


def test_damaged_copies_fail_the_same_assertions_at_the_same_nodes(
    skeleton: Skeleton, one_set: CdaValidator
) -> None:
    told: Counter[str] = Counter()
    for place, path in enumerate(documents()[1::2]):
        octets = damaged(path.read_bytes(), 7000 + place, faults=60)
        for schema in COMMON:
            compare(skeleton, one_set, schema, octets, told)
    assert told["documents"] == 2 * len(documents()[1::2])
    assert told["failures"] > 5


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_every_rule_set_of_each_document_agrees_on_it_and_on_ten_damaged_copies(
    skeleton: Skeleton, ours: CdaValidator, one_set: CdaValidator
) -> None:
    told: Counter[str] = Counter()
    for place, path in enumerate(documents()):
        original = path.read_bytes()
        copies = [damaged(original, 1000 * seed + place) for seed in range(1, 11)]
        for schema in model_of(ours, path):
            for octets in (original, *copies):
                compare(skeleton, one_set, schema, octets, told)
    print(dict(told))
    assert told["documents"] > 900
    assert told["failures"] > 500
    assert told["given up"] < 60
