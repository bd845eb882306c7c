"""FHIR packages as they come: archives, folders, caches; the core package; missing snapshots."""

from __future__ import annotations

import json
import tarfile
import time
import tomllib
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from gateway.validation.fhir import CORE, Definitions, PackageError, Validator
from gateway.validation.fhir.nodes import Tree
from gateway.validation.fhir.packages import STRUCTURE_DEFINITION, CoreArchive, read_package
from tests.shared import shared
from tests.validation.fhir.small import FHIR, HERE, PROFILES, Memory, core, element, profile, told

Json = dict[str, Any]

NAMED = profile("named", "Patient", element("Patient.name", min=1))
MANIFEST = {
    "name": "zz.named",
    "version": "1.2.0",
    "dependencies": {"hl7.fhir.r4.core": "4.0.1", "zz.absent": "1.0.0"},
}


def folder(place: Path, *, manifest: bool = True, indent: int | None = 2) -> Path:
    place.mkdir(parents=True)
    (place / "StructureDefinition-named.json").write_text(json.dumps(NAMED, indent=indent))
    (place / "note.json").write_text('{"resourceType": "Basic"}')
    if manifest:
        (place / "package.json").write_text(json.dumps(MANIFEST))
    return place


def archive(place: Path) -> Path:
    with tarfile.open(place, "w:gz") as written:
        for name, content in (
            ("package.json", MANIFEST),
            ("StructureDefinition-named.json", NAMED),
        ):
            octets = json.dumps(content).encode()
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(octets)
            written.addfile(member, BytesIO(octets))
    return place


def needs_a_name(*packages: Path) -> bool:
    definitions = Definitions.load(PROFILES / CORE, packages)
    found = Validator(definitions).validate(
        {"resourceType": "Patient", "active": True}, [HERE + "named"]
    )
    return told(found) == [("fhir-minimum", "Patient", "Patient.name")]


@pytest.mark.parametrize("indent", [2, 4, None])
def test_a_folder_of_files_is_a_package(tmp_path: Path, indent: int | None) -> None:
    assert needs_a_name(folder(tmp_path / "a", manifest=False, indent=indent))


def test_an_entry_of_the_cache_is_a_package(tmp_path: Path) -> None:
    cached = tmp_path / "zz.named#1.2.0"
    inner = folder(cached / "package")
    assert needs_a_name(cached)
    index = {
        "index-version": 1,
        "files": [
            {
                "filename": "StructureDefinition-named.json",
                "resourceType": "StructureDefinition",
                "url": HERE + "named",
            }
        ],
    }
    (inner / ".index.json").write_text(json.dumps(index))
    assert needs_a_name(cached)
    index["files"][0]["filename"] = "absent.json"  # type: ignore[index]
    (inner / ".index.json").write_text(json.dumps(index))
    assert needs_a_name(cached)


def test_an_archive_is_a_package(tmp_path: Path) -> None:
    assert needs_a_name(archive(tmp_path / "named.tgz"))


def test_what_a_package_depends_on_and_nobody_gave_is_named(tmp_path: Path) -> None:
    definitions = Definitions.load(PROFILES / CORE, [archive(tmp_path / "named.tgz")])
    assert definitions.missing() == ("zz.absent#1.0.0",)


def test_the_later_package_wins() -> None:
    lax = profile("named", "Patient")
    first = Definitions([core(), Memory(NAMED), Memory(lax)]).profile(HERE + "named")
    second = Definitions([core(), Memory(lax), Memory(NAMED)]).profile(HERE + "named")
    assert first is not None and second is not None
    assert first.root.children["name"].minimum == 0
    assert second.root.children["name"].minimum == 1


@pytest.mark.parametrize("name", ["absent", "broken.tgz", "empty"])
def test_what_is_no_package_is_refused_by_its_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "broken.tgz").write_bytes(b"no archive")
    (tmp_path / "empty").mkdir()
    with pytest.raises(PackageError, match=name):
        Definitions.load(PROFILES / CORE, [tmp_path / name])


def test_the_core_package_is_what_its_lock_says() -> None:
    path = PROFILES / CORE
    with (path.parent / "core.toml").open("rb") as file:
        lock = tomllib.load(file)
    assert sha256(path.read_bytes()).hexdigest() == lock["core_sha256"]
    assert lock["licence"] == "CC0-1.0"
    assert path.stat().st_size < 2_500_000


def test_the_core_package_opens_without_reading_it() -> None:
    path = PROFILES / CORE
    before = time.thread_time()
    archive = CoreArchive(path)
    assert time.thread_time() - before < 0.5  # measured: 3 ms; to parse it all takes seconds
    assert archive._file.tell() * 20 < path.stat().st_size


def test_every_definition_of_the_specification_becomes_a_tree() -> None:
    definitions = Definitions([core()])
    without = [url for url in core().urls(STRUCTURE_DEFINITION) if definitions.profile(url) is None]
    # Two examples of the specification say nothing that could be laid over their base.
    assert [url.rpartition("/")[2] for url in without] == [
        "example-composition",
        "example-section-library",
    ]


def test_a_core_package_of_something_else_is_refused(tmp_path: Path) -> None:
    other = tmp_path / "core.zip"
    other.write_bytes(b"PK\x03\x04" + bytes(60))
    with pytest.raises(PackageError, match="scripts/core_package.py"):
        read_package(other)


# --- Snapshots that are made ---------------------------------------------------------------------


def shape(tree: Tree) -> dict[str, tuple[Any, ...]]:
    """What a validator sees of each element."""
    return {
        node.element: (
            node.minimum,
            node.maximum,
            node.repeats,
            node.types,
            node.fixed,
            node.pattern,
            node.binding,
            node.slicing,
        )
        for node in tree.nodes()
    }


@pytest.mark.parametrize("place", ["data/ihe/mhd", "data/ihe/balp"])
def test_a_snapshot_that_is_made_is_the_published_one(place: str) -> None:
    definitions = Definitions.load(
        PROFILES / CORE, [shared("data/ihe/balp"), shared("data/ihe/mhd")]
    )
    compared = 0
    for path in sorted(shared(place).glob("StructureDefinition-*.json")):
        published = json.loads(path.read_text("utf-8"))
        bare = {k: v for k, v in published.items() if k != "snapshot"}
        made = Definitions([*definitions.packages, Memory(bare)]).profile(published["url"])
        assert made is not None
        ours, theirs = shape(made), shape(Tree(published))
        assert {k: ours.get(k) for k in theirs} == theirs, path.name
        compared += 1
    assert compared > 15


def test_a_differential_that_does_not_fit_its_base_is_refused_with_its_path() -> None:
    bent = profile("bent", "Patient", element("Patient.colour", min=1))
    definitions = Definitions([core(), Memory(bent)])
    assert definitions.profile(HERE + "bent") is None
    assert "Patient.colour" in str(definitions.lack(HERE + "bent"))


def test_a_profile_that_is_its_own_base_is_refused() -> None:
    circle = profile("circle", "Patient", base=HERE + "circle")
    definitions = Definitions([core(), Memory(circle)])
    assert definitions.profile(HERE + "circle") is None


def test_a_base_that_is_absent_is_named() -> None:
    orphan = profile("orphan", "Patient", base=HERE + "absent")
    found = Validator(Definitions([core(), Memory(orphan)])).validate(
        {"resourceType": "Patient", "active": True}, [HERE + "orphan"]
    )
    assert [i.rule for i in found if i.rule != "dom-6"] == ["fhir-profile-unknown"]
    assert HERE + "absent" in found[0].message


def test_a_profile_is_derived_from_all_that_is_above_it() -> None:
    definitions = Definitions([core(), Memory(NAMED)])
    assert definitions.lineage(HERE + "named") == (
        HERE + "named",
        FHIR + "Patient",
        FHIR + "DomainResource",
        FHIR + "Resource",
    )


def without_ids(definition: Json) -> Json:
    elements = [
        {k: v for k, v in one.items() if k != "id"} for one in definition["differential"]["element"]
    ]
    return {**definition, "differential": {"element": elements}}


def test_a_differential_without_ids_follows_paths_and_order() -> None:
    sliced = profile(
        "sliced",
        "Patient",
        element(
            "Patient.telecom",
            slicing={"discriminator": [{"type": "value", "path": "use"}], "rules": "closed"},
        ),
        element("Patient.telecom:home", max="1"),
        element("Patient.telecom:home.use", min=1, fixedCode="home"),
        element("Patient.telecom:work", max="1"),
        element("Patient.telecom:work.use", min=1, fixedCode="work"),
        element("Patient.gender", min=1),
    )
    named = Definitions([core(), Memory(sliced)]).profile(HERE + "sliced")
    unnamed = Definitions([core(), Memory(without_ids(sliced))]).profile(HERE + "sliced")
    assert named is not None and unnamed is not None
    assert shape(named) == shape(unnamed)
    assert [s.slice_name for s in named.root.children["telecom"].slices] == ["home", "work"]


def test_a_short_form_narrows_a_choice_alone_and_slices_it_beside_others() -> None:
    alone = profile("a", "Observation", element("Observation.valueQuantity", min=1))
    tree = Definitions([core(), Memory(alone)]).profile(HERE + "a")
    assert tree is not None
    value = tree.root.children["value[x]"]
    assert ([t.code for t in value.types], value.minimum, value.slices) == (["Quantity"], 1, [])
    both = profile(
        "a",
        "Observation",
        element("Observation.valueQuantity", mustSupport=True),
        element("Observation.valueString", maxLength=5),
    )
    tree = Definitions([core(), Memory(both)]).profile(HERE + "a")
    assert tree is not None
    slices = tree.root.children["value[x]"].slices
    assert [(s.slice_name, s.types[0].code) for s in slices] == [
        ("valueQuantity", "Quantity"),
        ("valueString", "string"),
    ]
