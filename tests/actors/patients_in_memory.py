"""A PatientDirectory that forgets everything when the test ends."""

from __future__ import annotations

from dataclasses import replace

from gateway.errors import ErrorCode, Finding, Refused
from gateway.model.datatypes import Identifier
from gateway.model.patient import Patient


def _key(identifier: Identifier) -> tuple[str, str]:
    return identifier.value, identifier.authority


class PatientsInMemory:
    def __init__(self) -> None:
        self.patients: dict[str, Patient] = {}
        self.puts = 0
        self.merges: list[tuple[Identifier, Identifier]] = []

    async def put(self, patient: Patient) -> Patient:
        self.puts += 1
        logical_id = patient.logical_id or f"p{len(self.patients) + 1}"
        before = self.patients.get(logical_id)
        version = before.version + 1 if before else 1
        kept = replace(patient, logical_id=logical_id, version=version)
        self.patients[logical_id] = kept
        return kept

    def _own(self, identifier: Identifier) -> Patient | None:
        for patient in self.patients.values():
            if _key(identifier) in map(_key, patient.identifiers):
                return patient
        return None

    async def merge(self, subsumed: Identifier, surviving: Identifier) -> None:
        gone, kept = self._own(subsumed), self._own(surviving)
        if gone is None or kept is None or kept.merged_into is not None:
            raise Refused(
                Finding(
                    rule="patient-merge",
                    code=ErrorCode.CONFLICT,
                    location="patient",
                    message="the surviving patient is not known, or merged itself",
                )
            )
        self.merges.append((subsumed, surviving))
        merged = replace(gone, merged_into=kept.identifiers[0], active=False)
        self.patients[gone.logical_id] = merged

    async def find(self, identifier: Identifier) -> Patient | None:
        patient = self._own(identifier)
        while patient is not None and patient.merged_into is not None:
            patient = self._own(patient.merged_into)
        return patient

    async def read(self, logical_id: str) -> Patient | None:
        return self.patients.get(logical_id)

    async def list(self) -> tuple[Patient, ...]:
        return tuple(self.patients.values())
