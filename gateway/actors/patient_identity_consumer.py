"""Patient Identity Consumer: applies what the Patient Identity Feed tells to the directory.

In XDS this is the Document Registry's part of ITI-8: it learns which patients exist and which of
them turned out to be one.

Source:
    IHE ITI TF-2: 3.8.4.1.3 and 3.8.4.2.3, expected actions of the Document Registry.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient, RecordState
from gateway.ports import PatientDirectory
from gateway.transactions.patient_identity_feed import PatientFeed


class PatientIdentityConsumer:
    """Keeps the directory as the Patient Identity Source describes it.

    Told the same thing twice, it changes nothing the second time: a source that lost an answer
    may repeat its message.
    """

    def __init__(self, directory: PatientDirectory) -> None:
        self._directory = directory
        # Reading and writing the directory are two steps; two connections must not interleave.
        self._one_at_a_time = asyncio.Lock()

    async def apply(self, feed: PatientFeed) -> None:
        """Act on one thing the source told.

        Raises:
            Refused: When it contradicts what is known; nothing was changed.
        """
        async with self._one_at_a_time:
            if feed.merged_from is not None:
                await self._merge(feed.merged_from, feed.patient)
            else:
                await self._describe(feed.patient, feed.withdrawn)

    async def _describe(self, patient: Patient, withdrawn: frozenset[str] = frozenset()) -> None:
        """Create the patient, or bring its description up to date.

        What the source does not tell stays as it was. Identifiers are added, never taken away, and
        the one that names the record stays the first.
        """
        name = patient.identifiers[0]
        known = await self._directory.find(name)
        if known is not None and _is_merged(name, known):
            raise _refusal("patient-merged", "PID-3", "this patient was merged into another one")
        new = await self._new_to(known, patient)
        if known is None:
            await self._directory.put(replace(patient, identifiers=new))
            return
        told = replace(
            known,
            identifiers=known.identifiers + new,
            family=patient.family or known.family,
            given=patient.given if patient.family or patient.given else known.given,
            birth_date=patient.birth_date or known.birth_date,
            gender=patient.gender or known.gender,
            record=_record(known.record, patient.record, withdrawn),
            known=True,
        )
        if told != known:
            await self._directory.put(told)

    async def _new_to(self, known: Patient | None, patient: Patient) -> tuple[Identifier, ...]:
        """Give the identifiers told for the first time.

        Sources go on naming the ids they merged; these stay those of the subsumed patients.

        Raises:
            Refused: When one belongs to another patient.
        """
        new = []
        for identifier in patient.identifiers:
            found = await self._directory.find(identifier)
            if found is not None and known is not None and found.logical_id == known.logical_id:
                continue
            if found is not None and found.known:
                message = "an identifier belongs to another patient; a merge would join the two"
                raise _refusal("patient-conflict", "PID-3", message)
            new.append(identifier)
        return tuple(new)

    async def _merge(self, subsumed: Identifier, patient: Patient) -> None:
        """Let the subsumed patient's documents be found under the surviving patient's id.

        A surviving patient nobody told of yet is created from what the message says about it. A
        survivor may be subsumed itself later: merges form a chain, and the last id finds all.
        """
        surviving = patient.identifiers[0]
        if _key(subsumed) == _key(surviving):
            raise _refusal("patient-merge", "MRG-1", "subsumed and surviving patient are the same")
        gone = await self._directory.find(subsumed)
        kept = await self._directory.find(surviving)
        if gone is None:
            raise _refusal(
                "patient-unknown",
                "MRG-1",
                "the subsumed patient is not known here, so there is nothing to merge",
                ErrorCode.UNKNOWN_PATIENT_ID,
            )
        if _is_merged(subsumed, gone):
            if kept is not None and kept.logical_id == gone.logical_id:
                return  # told before
            message = "the subsumed patient was merged into another one before"
            raise _refusal("patient-merged", "MRG-1", message)
        if kept is None:
            others = tuple(i for i in patient.identifiers if _key(i) != _key(subsumed))
            await self._describe(replace(patient, identifiers=others))
        elif _is_merged(surviving, kept):
            message = "the surviving patient was itself merged into another one"
            raise _refusal("patient-merged", "PID-3", message)
        elif kept.logical_id == gone.logical_id:
            return  # two identifiers of one record: its documents are together already
        await self._directory.merge(subsumed, surviving)


def _record(known: RecordState, told: RecordState, withdrawn: frozenset[str]) -> RecordState:
    """Give what is known of a record once a source told of it."""
    names = ("deceased", "identity_qualified", "gp")
    new = {name: getattr(told, name) for name in names if getattr(told, name) is not None}
    return known.but(**{**dict.fromkeys(withdrawn), **new})


def _key(identifier: Identifier) -> tuple[str, str]:
    return identifier.value, identifier.authority


def _is_merged(identifier: Identifier, found: Patient) -> bool:
    """Whether the directory, asked for an identifier, answered with the survivor of a merge."""
    return _key(identifier) not in {_key(i) for i in found.identifiers}


def _refusal(
    rule: str, location: str, message: str, code: ErrorCode = ErrorCode.CONFLICT
) -> Refused:
    return Refused(Finding(rule=rule, code=code, location=location, message=message))
