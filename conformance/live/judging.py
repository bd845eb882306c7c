"""FHIR resources of an answer, judged against profiles with the engine of ``conformance check``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from conformance.judges.context import Context
from conformance.live.expectations import Judge
from gateway.validation.issue import Issue


def profile_judge(profiles: Path, profile: str = "ihe") -> Judge:
    """Give a judge that knows the definitions of a profile; they are read when it is first asked.

    Args:
        profiles: Folder of the profiles.
        profile: Whose definitions count, with those it extends.
    """
    context = Context(profiles=profiles, profile_name=profile)

    def judge(resource: Mapping[str, Any], urls: tuple[str, ...]) -> Iterable[Issue]:
        return context.fhir.validate(dict(resource), urls)

    return judge
