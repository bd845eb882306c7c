"""Write every sample document below ``samples/cda/``."""

from __future__ import annotations

from pathlib import Path

from scripts.samples.french import FRENCH_DOCUMENTS
from scripts.samples.header import clinical_document
from scripts.samples.markup import document
from scripts.samples.plain import PLAIN_DOCUMENTS

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "cda"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for one in (*FRENCH_DOCUMENTS, *PLAIN_DOCUMENTS):
        octets = document(clinical_document(one))
        (FOLDER / one.file).write_bytes(octets)
        print(f"{one.file}: {len(octets)} octets")


if __name__ == "__main__":
    main()
