"""Both wire forms of a stored object, behind the one face storage knows.

An object is written as ebRIM and as FHIR when it is registered; what may change later is put in on
each reading. See :class:`gateway.storage.fragments.Fragments`.
"""

from __future__ import annotations

from collections.abc import Sequence

from gateway.codecs.ebrim.marks import splice
from gateway.codecs.ebrim.registry_objects import fragment, read_fragment
from gateway.codecs.fhir.fragments import Fragments as FhirFragments
from gateway.model.association import Association
from gateway.model.conventions import STANDARD, Conventions
from gateway.model.naming import NamingSystems
from gateway.model.submission import RegistryObject


class StoredForms:
    """Writes, completes and reads back what storage keeps."""

    def __init__(
        self,
        naming: NamingSystems,
        fhir_base_url: str,
        conventions: Conventions = STANDARD,
    ) -> None:
        """Take the profile's systems and conventions, and the address FHIR clients reach us."""
        self._fhir = FhirFragments(naming, conventions)
        self._base_url = fhir_base_url

    def ebrim(self, value: RegistryObject) -> bytes:
        """Write an object as ebRIM, its changing parts left open."""
        return fragment(value)

    def fhir(self, value: RegistryObject) -> bytes | None:
        """Write an object as FHIR; an association has no resource of its own."""
        if isinstance(value, Association):
            return None
        return self._fhir.fragment(value)

    def splice_ebrim(
        self, fragments: Sequence[bytes], *, status: str, patient_id: str, last_update_time: str
    ) -> list[bytes]:
        """Complete ebRIM fragments."""
        return splice(fragments, status, patient_id, last_update_time)

    def splice_fhir(
        self,
        fragment: bytes,
        *,
        status: str,
        version: str,
        patient_id: str,
        patient_logical_id: str,
        relations: tuple[tuple[str, str, str], ...],
        members: tuple[tuple[str, str], ...],
        last_updated: str,
        last_update_time: str,
        registration_time: str,
    ) -> bytes:
        """Complete a FHIR fragment."""
        return self._fhir.splice(
            fragment,
            status,
            version,
            patient_id,
            patient_logical_id,
            relations,
            members,
            last_updated,
            last_update_time,
            self._base_url,
            registration_time,
        )

    def read(self, fragment: bytes) -> RegistryObject:
        """Read a completed ebRIM fragment back."""
        return read_fragment(fragment)
