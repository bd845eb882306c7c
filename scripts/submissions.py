"""Write one ITI-41 message for each sample document, and one Patient for each person in them.

    python -m scripts.submissions

Each file is the message as an HTTP entity: its MIME headers, an empty line, its octets. Every id is
made from the content, so the files come out the same octet for octet, and loading them twice is
the same submission twice. ``samples/submissions/`` has the messages, ``samples/patients/`` the
resources with which a FHIR client announces the patients.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from gateway.codecs.cda.values import CdaHeader
from gateway.profile import Profile, profiles_by_realm, read_profile
from gateway.translators.cda_submission import (
    DocumentToSubmit,
    FolderChoice,
    folder_unique_id,
    submission_of,
)
from gateway.upstream.document_source import describe_file
from gateway.upstream.xds_client import write_provide_and_register_message

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = ROOT / "samples" / "cda"
FOLDER = ROOT / "samples" / "submissions"
PATIENTS = ROOT / "samples" / "patients"
PROFILES = ROOT / "profiles"
REPOSITORY = "http://127.0.0.1:8080/xds/repository"

# The default of the setting source_id: `gateway submit` names the same documents alike.
SOURCE_ID = "2.999.1.4"

FOLDERS = {
    "en-01": "Pneumonia 2024",
    "en-02": "Pneumonia 2024",
    "fr-04": "Biologie",
    "fr-10": "Biologie",
    "fr-12": "Carnet de santé",
    "fr-13": "Carnet de santé",
}
"""Which documents are filed, and in which of their patient's folders; the first one creates it."""


@cache
def profile(name: str) -> Profile:
    return read_profile(name, PROFILES)


def profile_for(header: CdaHeader) -> Profile:
    return profile(profiles_by_realm(PROFILES).get(header.realm_code, "ihe"))


def messages() -> Iterator[tuple[str, bytes]]:
    """Give each file's name and octets."""
    registered: dict[str, str] = {}
    folders: dict[str, str] = {}
    for path in sorted(DOCUMENTS.glob("*.xml")):
        file = describe_file(path, profile_for)
        entry = file.entry
        if not file.is_complete or entry.patient_id is None or entry.creation_time is None:
            raise ValueError(f"{path.name}: {file.findings}")
        folder = None
        title = FOLDERS.get(path.name[:5])
        if title is not None:
            unique_id = folder_unique_id(entry.patient_id.text, title)
            folder = FolderChoice(
                unique_id=unique_id, entry_uuid=folders.get(unique_id, ""), title=title
            )
        submission = submission_of(
            [
                DocumentToSubmit(
                    entry=entry,
                    header=file.header,
                    profile=file.profile,
                    replaces=tuple(registered[one] for one in file.header.replaces),
                )
            ],
            source_id=SOURCE_ID,
            submission_time=entry.creation_time,
            folder=folder,
        )
        for created in submission.folders:
            folders[created.unique_id or ""] = created.entry_uuid
        (described,) = submission.document_entries
        registered[described.unique_id or ""] = described.entry_uuid
        name = uuid.uuid5(uuid.NAMESPACE_URL, submission.submission_set.unique_id or "")
        outgoing = write_provide_and_register_message(
            submission,
            [file.outgoing(described.entry_uuid)],
            to=REPOSITORY,
            message_id=name.urn,
            boundary=f"part-{name.hex}",
        )
        head = f"MIME-Version: 1.0\r\nContent-Type: {outgoing.content_type}\r\n\r\n"
        chunks = outgoing.chunks([file.outgoing(described.entry_uuid).chunks()])
        yield path.stem + ".mtom", head.encode() + b"".join(bytes(chunk) for chunk in chunks)


def patients() -> Iterator[tuple[str, bytes]]:
    """Give a Patient resource for each person, as the first document about them says it."""
    seen = set()
    for path in sorted(DOCUMENTS.glob("*.xml")):
        header = describe_file(path, profile_for).header
        role = header.patient
        record, name, gender = role.identifiers[0], role.names[0], role.administrative_gender_code
        if record in seen or gender is None:
            continue
        seen.add(record)
        birth = role.birth_time
        resource = {
            "resourceType": "Patient",
            "identifier": [
                {"system": f"urn:oid:{one.root}", "value": one.extension}
                for one in role.identifiers
            ],
            "name": [{"family": name.all("family")[0], "given": name.all("given")[0].split()}],
            "gender": {"F": "female", "M": "male"}[gender.code],
            "birthDate": f"{birth[:4]}-{birth[4:6]}-{birth[6:8]}",
        }
        octets = json.dumps(resource, ensure_ascii=False, indent=2).encode() + b"\n"
        yield f"{name.all('given')[0].split()[0].lower()}.json", octets


def main() -> None:
    for folder, files in ((FOLDER, messages()), (PATIENTS, patients())):
        folder.mkdir(parents=True, exist_ok=True)
        written = set()
        for name, octets in files:
            (folder / name).write_bytes(octets)
            written.add(name)
            print(f"{name}: {len(octets)} octets")
        for path in folder.iterdir():
            if path.name not in written:
                path.unlink()


if __name__ == "__main__":
    main()
