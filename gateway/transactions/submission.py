"""What brings metadata to a registry or takes them away.

Provide and Register Document Set-b [ITI-41], Register Document Set-b [ITI-42], Update Document Set
[ITI-57], Register On-Demand Document Entry [ITI-61], Remove Metadata [ITI-62], Restricted Update
Document Set [ITI-92].

Source:
    IHE ITI TF-2b: 3.41, 3.42, 3.57, 3.61, 3.62; RMU supplement 3.92.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.errors import Finding
from gateway.model.submission import Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitObjects:
    """A SubmitObjectsRequest as it was read.

    Attributes:
        submission: What the message says.
        findings: What could not be read into it: unknown slots, repeated single values, missing
            frame elements. They are answered together with the findings of the checks.
    """

    submission: Submission
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveMetadata:
    """Ids of objects to be removed from the registry, each with its ``home`` where one was said."""

    object_ids: tuple[str, ...]
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryResponse:
    """Success, with warnings perhaps; a failure travels as :class:`~gateway.errors.Refused`."""

    warnings: tuple[Finding, ...] = ()
