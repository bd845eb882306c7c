"""The submissions of the demonstration record are what their generator writes, and are good."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest

from gateway.cli.demonstration import read_entity, record
from gateway.cli.invitations import invitations, tour
from gateway.codecs.ebrim.submission import read_provide_and_register
from gateway.codecs.soap.content_type import read_content_type
from gateway.codecs.soap.envelope import read_envelope
from gateway.codecs.soap.mtom import MultipartReader
from gateway.codecs.soap.xop import read_includes
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from gateway.profile import read_profile
from gateway.settings import Settings
from gateway.validation import ProfileRules, Transaction, check_submission
from scripts.submissions import messages, patients

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
MESSAGES = sorted((SAMPLES / "submissions").glob("*.mtom"))


class Kept(io.BytesIO):
    def close(self) -> None:
        pass


def read(path: Path) -> tuple[Submission, dict[str, bytes]]:
    """Read a message as a repository does."""
    entity = read_entity(path)
    reader = MultipartReader(read_content_type(entity.content_type), lambda _: Kept())
    reader.feed(path.read_bytes()[entity.start :])
    message = reader.close()
    body = read_envelope(message.root).body
    contents = {part.headers.content_id: part.sink for part in message.parts}
    includes = read_includes(body, message.content_ids)
    request, documents = read_provide_and_register(body)
    assert request.findings == ()
    return request.submission, {
        entry_id: contents[includes[element]].getvalue()  # type: ignore[attr-defined]
        for entry_id, element in documents
    }


def test_the_generator_writes_the_same_octets() -> None:
    assert dict(messages()) == {path.name: path.read_bytes() for path in MESSAGES}
    stored = {path.name: path.read_bytes() for path in (SAMPLES / "patients").iterdir()}
    assert dict(patients()) == stored


def test_every_document_has_its_submission() -> None:
    assert {p.stem for p in MESSAGES} == {p.stem for p in (SAMPLES / "cda").glob("*.xml")}
    assert {e.path.stem for e in record()} == {p.stem for p in MESSAGES} - {tour("ihe").to_try}


@pytest.mark.parametrize("path", MESSAGES, ids=lambda p: p.stem)
def test_a_submission_is_good_and_brings_its_document(path: Path) -> None:
    submission, documents = read(path)
    assert check_submission(submission, Transaction.PROVIDE_AND_REGISTER) == ()
    (entry,) = submission.document_entries
    document = (SAMPLES / "cda" / f"{path.stem}.xml").read_bytes()
    assert documents == {entry.entry_uuid: document}
    assert entry.size == str(len(document))


def test_folders_and_a_replacement_are_among_them() -> None:
    submissions = [read(path)[0] for path in MESSAGES]
    types = [a.association_type for s in submissions for a in s.associations]
    assert types.count(AssociationType.RPLC) == 1
    assert sum(len(s.folders) for s in submissions) == 3


def test_the_readme_names_every_submission() -> None:
    text = (SAMPLES / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([\w-]+\.mtom)`", text, re.MULTILINE)
    assert named == [path.name for path in MESSAGES]


@pytest.mark.parametrize("profile", ["ihe", "fr-dmp"])
def test_the_record_has_what_the_invitations_ask_for(profile: str) -> None:
    chosen = tour(profile)
    entries = [read(entity.path)[0].document_entries[0] for entity in record(chosen)]
    (asked,) = [e for e in entries if e.entry_uuid == f"urn:uuid:{chosen.document}"]
    assert asked.patient_id is not None
    assert f"urn:oid:{asked.patient_id.authority}|{asked.patient_id.value}" == chosen.patient
    tried = read(SAMPLES / "submissions" / f"{chosen.to_try}.mtom")[0].document_entries[0]
    assert tried.patient_id == asked.patient_id


def test_a_french_submission_breaks_no_french_rule() -> None:
    rules = ProfileRules.of(read_profile("fr-dmp", ROOT / "profiles"))
    paths = [path for path in MESSAGES if path.stem.startswith("fr-")]
    assert len(paths) == 13
    for path in paths:
        submission = read(path)[0]
        findings = rules.check(submission, Transaction.PROVIDE_AND_REGISTER, "")
        # Signing is the sender's business; that a submission is not signed is told.
        assert [(f.rule, f.is_error) for f in findings] == [("fr-sb-002", False)], path.name


def test_the_readme_shows_the_invitations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr("gateway.cli.invitations._this_command", lambda: [".venv/bin/gateway"])
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for invitation in invitations(Settings()):
        assert f"# {invitation.shows}\n{invitation.command}\n" in text
