"""``conformance check``: what it takes, what it says, how it ends."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.cli import main
from conformance.cli.selection import choose
from conformance.cli.workers import Died, in_processes
from conformance.judges.kinds import recognise
from conformance.report.values import PayloadKind
from conformance.report.writers import FORMS
from tests.shared import ROOT

NOTE = ROOT / "samples" / "cda" / "en-03-follow-up-note.xml"
MESSAGE = ROOT / "samples" / "submissions" / "fr-10-biologie-pdf.mtom"
PATIENT = {"resourceType": "Patient", "id": "p1", "active": True, "birthDate": "1970-01-01"}
BROKEN = {"resourceType": "Patient", "active": "yes", "birthDate": "1970-13-01", "colour": "red"}


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object, status: int = 0) -> tuple[str, str]:
        found = main([str(each) for each in arguments])
        written = capfd.readouterr()
        assert found == status, written
        assert "Traceback" not in written.err
        return written.out, written.err

    return run


def file(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    octets = content if isinstance(content, bytes) else json.dumps(content, indent=1).encode()
    path.write_bytes(octets)
    return path


def report_of(run: Any, *arguments: object, status: int = 0) -> dict[str, Any]:
    out, _ = run("check", *arguments, "--format", "json", status=status)
    found: dict[str, Any] = json.loads(out)
    return found


# ---------------------------------------------------------------- verdicts and findings


def test_a_good_file_passes(run: Any, tmp_path: Path) -> None:
    out, _ = run("check", file(tmp_path, "patient.json", PATIENT))
    assert out.startswith("PASS  ")
    assert "1 file, 1 passed, 0 failed" in out


def test_everything_wrong_in_a_file_is_told_at_once(run: Any, tmp_path: Path) -> None:
    report = report_of(run, file(tmp_path, "patient.json", BROKEN), status=1)
    (found,) = report["files"]
    assert (found["kind"], found["verdict"]) == ("fhir", "fail")
    errors = {each["location"]: each for each in found["findings"] if each["severity"] == "error"}
    assert set(errors) == {"Patient", "Patient.active", "Patient.birthDate"}
    assert errors["Patient.active"]["line"] == 3
    assert all(each["rule"] and each["message"] for each in errors.values())
    assert report["summary"]["failed"] == 1


def test_a_warning_fails_where_that_was_asked_for(run: Any, tmp_path: Path) -> None:
    path = file(tmp_path, "patient.json", PATIENT)
    assert report_of(run, path)["summary"]["warnings"] > 0
    report = report_of(run, path, "--fail-on", "warning", status=1)
    assert report["files"][0]["verdict"] == "fail"


def test_a_resource_is_held_to_its_claimed_profile_its_type_and_those_asked_for(
    run: Any, tmp_path: Path
) -> None:
    minimal = (
        "https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.DocumentReference"
    )
    path = file(
        tmp_path,
        "reference.json",
        {
            "resourceType": "DocumentReference",
            "status": "current",
            "content": [{"attachment": {"contentType": "text/plain", "url": "Binary/1"}}],
        },
    )
    (alone,) = report_of(run, path)["files"]
    assert alone["verdict"] == "pass"
    (asked,) = report_of(run, path, "--profile", minimal, status=1)["files"]
    assert minimal in asked["against"]
    assert any(each["profile"] == minimal for each in asked["findings"])


def test_fewer_findings_are_kept_errors_first(run: Any, tmp_path: Path) -> None:
    path = file(tmp_path, "patient.json", BROKEN)
    (found,) = report_of(run, path, "--max-issues", 2, status=1)["files"]
    *kept, more = found["findings"]
    assert [each["severity"] for each in kept] == ["error", "error"]
    assert more["rule"] == "more-issues"


def test_positions_are_left_out_on_demand(run: Any, tmp_path: Path) -> None:
    path = file(tmp_path, "patient.json", BROKEN)
    (found,) = report_of(run, path, "--no-position", status=1)["files"]
    assert {each["line"] for each in found["findings"]} == {None}


def test_messages_are_in_the_language_asked_for(run: Any, tmp_path: Path) -> None:
    path = file(tmp_path, "patient.json", BROKEN)
    english = report_of(run, path, status=1)["files"][0]["findings"]
    french = report_of(run, path, "--language", "fr", status=1)["files"][0]["findings"]
    assert [each["rule"] for each in english] == [each["rule"] for each in french]
    assert all(a["message"] != b["message"] for a, b in zip(english, french, strict=True))


# ---------------------------------------------------------------- what is read


def test_standard_input_is_read_as_a_dash(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(json.dumps(PATIENT).encode())

    monkeypatch.setattr(sys, "stdin", Stdin)
    (found,) = report_of(run, "-")["files"]
    assert (found["path"], found["kind"]) == ("-", "fhir")


def test_a_folder_stands_for_the_messages_in_it_in_order(run: Any, tmp_path: Path) -> None:
    for name in ("b/2.json", "b/1.json", "a.xml", "c.json"):
        file(tmp_path, name, NOTE.read_bytes() if name.endswith("xml") else PATIENT)
    file(tmp_path, "package.json", {"name": "x"})
    file(tmp_path, ".hidden.json", PATIENT)
    file(tmp_path, "node_modules/x.json", PATIENT)
    file(tmp_path, "notes.txt", b"notes")
    file(tmp_path, "settings.json", {"colour": "red"})
    names = [Path(each.path).relative_to(tmp_path).as_posix() for each in choose([str(tmp_path)])]
    assert names == ["a.xml", "c.json", "settings.json", "b/1.json", "b/2.json"]
    report = report_of(run, tmp_path, "--no-position")
    assert [Path(each["path"]).name for each in report["files"]] == [
        "a.xml",
        "c.json",
        "1.json",
        "2.json",
    ]
    assert [Path(each).name for each in report["leftOut"]] == ["settings.json"]


def test_a_file_that_somebody_names_is_judged_whatever_it_is(run: Any, tmp_path: Path) -> None:
    path = file(tmp_path, "settings.json", {"colour": "red"})
    (found,) = report_of(run, path, status=1)["files"]
    assert [each["rule"] for each in found["findings"]] == ["payload-unknown"]


def test_the_same_file_is_judged_once(run: Any, tmp_path: Path) -> None:
    path = file(tmp_path, "p.json", PATIENT)
    assert len(report_of(run, path, tmp_path, path)["files"]) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00\xff" * 99, b"{", b"<", b"PK\x03\x04", b'{"resourceType": 7}', b"[" * 99_999],
    ids=["empty", "octets", "brace", "angle", "zip", "type", "deep"],
)
def test_whatever_a_file_holds_there_is_a_finding_and_no_traceback(
    run: Any, tmp_path: Path, content: bytes
) -> None:
    (found,) = report_of(run, file(tmp_path, "x.json", content), status=1)["files"]
    assert found["verdict"] == "fail"
    assert found["findings"]


def test_samples_of_every_kind_are_judged(run: Any) -> None:
    note = ROOT / "samples" / "cda" / "fr-13-passage-urgences-texte.xml"
    report = report_of(run, note, MESSAGE, "--profile", "fr-dmp", "--no-position")
    assert [each["kind"] for each in report["files"]] == ["cda", "mtom"]


# ---------------------------------------------------------------- what cannot be done


def test_a_missing_file_is_told_and_the_others_are_judged(run: Any, tmp_path: Path) -> None:
    good = file(tmp_path, "p.json", PATIENT)
    report = report_of(run, tmp_path / "absent.json", good, status=2)
    assert report["problems"] == [
        {
            "path": str(tmp_path / "absent.json"),
            "message": "there is no such file or folder",
        }
    ]
    assert len(report["files"]) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--profile", "fr-dpm"], "did you mean fr-dmp?"),
        (["--profile", "ihe", "--profile", "fr-dmp"], "two communities"),
        (["--profile", "https://example.org/absent"], "nothing that is loaded defines"),
        (["--package", "absent.tgz"], "there is no absent.tgz"),
        (["--profiles-folder", "absent"], "there is no folder absent"),
        (["--schematron-dir", "absent"], "--schematron-dir: there is no folder"),
        (["--xsd", "absent"], "--xsd: there is no"),
        (["--format", "pdf"], "invalid choice: 'pdf'"),
        (["--jobs", "many"], "'many' is not a number"),
        (["--max-issues", "0"], "at least 1 is kept"),
        (["--colour"], "unrecognized arguments"),
    ],
)
def test_wrong_use_is_answered_with_what_to_do(
    run: Any, tmp_path: Path, arguments: list[str], words: str
) -> None:
    _, err = run("check", file(tmp_path, "p.json", PATIENT), *arguments, status=2)
    assert words in err


def test_a_broken_package_is_told_in_words(run: Any, tmp_path: Path) -> None:
    patient = file(tmp_path, "p.json", PATIENT)
    for content in (b"no archive", b"\x1f\x8b\x08\x00broken"):
        package = file(tmp_path, "broken.tgz", content)
        _, err = run("check", patient, "--package", package, status=2)
        assert "broken.tgz" in err
    empty = tmp_path / "empty"
    empty.mkdir()
    _, err = run("check", patient, "--package", empty, status=2)
    assert "empty" in err


def test_an_empty_name_is_no_folder(run: Any) -> None:
    report = report_of(run, "", status=2)
    assert report["problems"] == [{"path": "", "message": "there is no such file or folder"}]


def test_a_folder_without_messages_is_no_success(run: Any, tmp_path: Path) -> None:
    _, err = run("check", tmp_path, status=2)
    assert "there is no file to judge" in err


def test_a_mistake_of_ours_is_told_as_one(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr("conformance.judges.judge", broken)
    report = report_of(run, file(tmp_path, "p.json", PATIENT), status=2)
    assert "mistake of the suite" in report["problems"][0]["message"]


def test_a_profile_that_cannot_be_used_is_named(run: Any, tmp_path: Path) -> None:
    file(tmp_path, "zz/profile.toml", b"name = 'other'\n")
    message = file(tmp_path, "m.mtom", MESSAGE.read_bytes())
    report = report_of(run, message, "--profile", tmp_path / "zz", status=2)
    assert report["problems"][0]["message"].startswith("the profile cannot be used")


# ---------------------------------------------------------------- profiles and packages


def test_the_folder_of_a_profile_of_ones_own_is_taken(run: Any, tmp_path: Path) -> None:
    file(tmp_path, "zz/profile.toml", b"name = 'zz'\nversion = '7'\nextends = 'ihe'\n")
    report = report_of(run, file(tmp_path, "p.json", PATIENT), "--profile", tmp_path / "zz")
    assert report["profile"] == "zz@7"


def strict_patient() -> dict[str, Any]:
    """A profile of Patient that wants a gender, as a package carries it."""
    return {
        "resourceType": "StructureDefinition",
        "url": "https://example.org/StructureDefinition/strict-patient",
        "version": "1.0.0",
        "name": "StrictPatient",
        "status": "active",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {
            "element": [
                {"id": "Patient", "path": "Patient"},
                {"id": "Patient.gender", "path": "Patient.gender", "min": 1},
            ]
        },
    }


@pytest.mark.parametrize("form", ["tgz", "folder", "cache"])
def test_a_package_is_taken_as_archive_folder_or_entry_of_the_cache(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    folder = tmp_path / ".fhir" / "packages" / "example.strict#1.0.0"
    file(folder, "package/package.json", {"name": "example.strict", "version": "1.0.0"})
    definition = strict_patient()
    file(folder, "package/StructureDefinition-strict-patient.json", definition)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    if form == "tgz":
        package = str(tmp_path / "strict.tgz")
        with tarfile.open(package, "w:gz") as archive:
            archive.add(folder / "package", "package")
    else:
        package = str(folder) if form == "folder" else "example.strict#1.0.0"
    patient = file(tmp_path, "p.json", PATIENT)
    (found,) = report_of(
        run, patient, "--package", package, "--profile", definition["url"], status=1
    )["files"]
    (error,) = (each for each in found["findings"] if each["severity"] == "error")
    assert error["rule"] == "fhir-minimum"
    assert error["profile"].startswith(definition["url"])


# ---------------------------------------------------------------- where it is written


@pytest.mark.parametrize("form", ["json", "junit", "sarif", "outcome", "testreport", "html"])
def test_a_report_goes_into_a_file_or_under_its_usual_name_into_a_folder(
    run: Any, tmp_path: Path, form: str
) -> None:
    patient = file(tmp_path / "in", "p.json", PATIENT)
    out, err = run("check", patient, "--format", form, "--out", tmp_path / "r" / "x.out")
    assert out == ""
    assert "1 file, 1 passed" in err
    assert (tmp_path / "r" / "x.out").stat().st_size
    run("check", patient, "--format", form, "--out", tmp_path / "r")
    (usual,) = (path for path in (tmp_path / "r").iterdir() if path.name != "x.out")
    assert usual.name.startswith("report.")


@pytest.mark.parametrize("form", FORMS)
def test_half_characters_in_names_and_texts_are_written_somehow(
    run: Any, tmp_path: Path, form: str
) -> None:
    content = rb'{"resourceType": "Patient", "gender": "\ud800\udfff\ud800", "x\udc00": 1}'
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff.json")
    Path(path).write_bytes(content)
    run("check", tmp_path, "--format", form, "--out", tmp_path / "report", status=1)
    (tmp_path / "report").read_bytes().decode("utf-8")


def test_a_place_that_cannot_be_written_is_told(run: Any, tmp_path: Path) -> None:
    patient = file(tmp_path, "p.json", PATIENT)
    _, err = run("check", patient, "--format", "json", "--out", patient / "x", status=2)
    assert "cannot be written" in err


# ---------------------------------------------------------------- several at once


def test_several_processes_give_the_report_of_one(run: Any, tmp_path: Path) -> None:
    for number in range(12):
        file(tmp_path, f"{number:02}.json", BROKEN if number % 3 else PATIENT)
    one = report_of(run, tmp_path, status=1)
    many = report_of(run, tmp_path, "--jobs", 3, status=1)
    assert one["files"] == many["files"]


def _die_on_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number * number


@contextlib.contextmanager
def _bench() -> Iterator[Any]:
    yield _die_on_three


def test_a_process_that_dies_takes_only_its_own_file_with_it() -> None:
    results = dict(in_processes(_bench, range(8), 2))
    died = results.pop(3)
    assert isinstance(died, Died)
    assert str(died) == "signal SIGKILL"
    assert results == {n: n * n for n in range(8) if n != 3}


# ---------------------------------------------------------------- the command as a whole


def test_help_teaches_by_examples(run: Any) -> None:
    out, _ = run("--help")
    assert "conformance check note.xml" in out
    for command in ("check", "explain", "diff"):
        out, _ = run(command, "--help")
        assert "examples:" in out
        assert "exit status:" in out


def test_a_command_nobody_knows_is_answered_with_the_nearest(run: Any) -> None:
    _, err = run("chek", status=2)
    assert "did you mean `conformance check`?" in err
    run(status=2)


def test_the_version_is_told(run: Any) -> None:
    assert run("--version")[0].count(".") == 2


def test_every_shipped_sample_has_a_kind() -> None:
    for folder, kind in (("cda", PayloadKind.CDA), ("submissions", PayloadKind.MTOM)):
        for path in (ROOT / "samples" / folder).iterdir():
            assert recognise(path.read_bytes(), path.name) is kind
