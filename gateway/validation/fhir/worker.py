"""The process that answers ``$validate``: questions come in, OperationOutcomes go out.

A process of its own, so that a large Bundle holds up no other request, and because it can be
stopped at a deadline and limited in memory. It speaks over two pipes; frames are a length of eight
octets and JSON.

Run as ``python -m gateway.validation.fhir.worker MEMORY CORE [PACKAGE …]``;
:mod:`gateway.validation.aside` is the other end.
"""

from __future__ import annotations

import os
import resource
import sys
from base64 import b64decode
from pathlib import Path
from typing import Any

from gateway.validation.aside import Asked, Unanswerable, read_frame, write_frame
from gateway.validation.fhir.asked import judged
from gateway.validation.fhir.definitions import Definitions
from gateway.validation.fhir.validator import Validator
from gateway.validation.outcome import outcome_of


def answer(question: dict[str, Any], validator: Validator) -> dict[str, Any]:
    """Answer one question."""
    language = question.pop("language")
    octets, profiles = b64decode(question.pop("octets")), tuple(question.pop("profiles"))
    try:
        issues = judged(Asked(octets=octets, profiles=profiles, **question), validator)
    except Unanswerable as why:
        return {"unanswerable": str(why)}
    return {"outcome": outcome_of(issues, language)}


def main() -> None:
    """Answer until the other end closes its pipe."""
    # What anything prints must not stand between our frames.
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(silence, descriptor)
    memory = int(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    core, *packages = map(Path, sys.argv[2:])
    validator = Validator(Definitions.load(core, packages))
    while (question := read_frame(questions)) is not None:
        write_frame(answers, answer(question, validator))


if __name__ == "__main__":
    main()
