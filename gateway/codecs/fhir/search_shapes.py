"""Searches for documents of which the part that stays the same is read once.

A client asks the same of one patient after another: the searches differ in ``patient.identifier``
alone. The rest of them, their shape, is read once and kept. A search whose patient is named in any
other way is read whole.
"""

from __future__ import annotations

from gateway.codecs.fhir.search import Parameters, Search, read_document_search
from gateway.codecs.fhir.search_parameters import SearchRules
from gateway.codecs.fhir.search_reading import read_patient_identifier
from gateway.model.changed import changed
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered
from gateway.transactions.registry_stored_query import FindDocuments

_PATIENT = "patient.identifier"
_SHAPES = 256
"""Shapes that are kept; a hostile client can make each as long as a query string may be."""


class DocumentSearches:
    """Reads the searches of one community; see :func:`read_document_search`."""

    def __init__(
        self,
        naming: NamingSystems,
        rules: SearchRules,
        *,
        default_count: int,
        max_count: int,
        base_url: str,
    ) -> None:
        self._naming = naming
        self._rules = rules
        self._default_count = default_count
        self._max_count = max_count
        self._base_url = base_url
        self._shape = remembered(_SHAPES)(self._read)

    def read(self, parameters: Parameters, *, strict: bool) -> Search[FindDocuments]:
        """Read the parameters of Find Document References [ITI-67].

        Raises:
            Refused: With a finding for every parameter that is wrong.
        """
        patients = [value for name, value in parameters if name == _PATIENT]
        if len(patients) == 1 and "," not in patients[0]:
            patient = read_patient_identifier(patients[0], self._naming)
            if patient is not None:
                rest = tuple([one for one in parameters if one[0] != _PATIENT])
                shape = self._shape(rest, strict)
                if not shape.names_patient:
                    queries = tuple([changed(q, patient_id=patient) for q in shape.queries])
                    return changed(shape, queries=queries, asked=tuple(parameters))
        return self._read(tuple(parameters), strict)

    def _read(self, parameters: Parameters, strict: bool) -> Search[FindDocuments]:
        return read_document_search(
            parameters,
            self._naming,
            strict=strict,
            default_count=self._default_count,
            max_count=self._max_count,
            rules=self._rules,
            base_url=self._base_url,
        )
