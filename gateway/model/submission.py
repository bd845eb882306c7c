"""Submission: everything one message brings, before anybody accepted it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

from gateway.model.association import Association
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission_set import SubmissionSet

RegistryObject = DocumentEntry | SubmissionSet | Folder | Association

_Held = TypeVar("_Held", DocumentEntry, SubmissionSet, Folder, Association)


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """The registry objects of one message, in the order of the message within each kind.

    Attributes:
        submission_sets: A good message has exactly one; the checks say so.
        document_entries: Stable or on-demand.
        folders: New ones, or new versions in an update.
        associations: Links and, in an update, the operations asked for.
    """

    submission_sets: tuple[SubmissionSet, ...] = ()
    document_entries: tuple[DocumentEntry, ...] = ()
    folders: tuple[Folder, ...] = ()
    associations: tuple[Association, ...] = ()

    @property
    def submission_set(self) -> SubmissionSet:
        """The submission set of a checked submission."""
        return self.submission_sets[0]

    def at_home(self, home_community_id: str) -> Submission:
        """The same submission, each object that names no community belonging to this one."""

        def at_home(held: _Held) -> _Held:
            if held.home_community_id:
                return held
            return replace(held, home_community_id=home_community_id)

        return Submission(
            submission_sets=tuple(at_home(held) for held in self.submission_sets),
            document_entries=tuple(at_home(held) for held in self.document_entries),
            folders=tuple(at_home(held) for held in self.folders),
            associations=tuple(at_home(held) for held in self.associations),
        )

    def objects(self) -> Iterator[RegistryObject]:
        """Every object of the message."""
        yield from self.submission_sets
        yield from self.document_entries
        yield from self.folders
        yield from self.associations


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedDocument:
    """The octets of one document, measured as they came, kept where ``content`` says.

    Attributes:
        entry_id: Id of the entry the message ties them to.
        content: The document store's name for them: their SHA-256 in hexadecimal.
        sha1: SHA-1 in hexadecimal, the digest XDS metadata carry.
        size: Octets.
    """

    entry_id: str
    content: str
    sha1: str
    size: int
