"""FHIR Consent to choices: whatever is not understood to the last member makes it refused.

A Consent whose reader skips what it does not know would promise the patient what nobody keeps. So
every member at every level is either read here or named in an error with its path; nothing of the
Consent is taken unless all of it is.

Forms: :mod:`gateway.codecs.fhir.consent_form`.

Source:
    IHE PCF 1.1; HL7 FHIR R4: 6.2 Consent.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.codecs.fhir import consent_form as form
from gateway.codecs.fhir.consent_provision import ProvisionReader
from gateway.codecs.fhir.identifiers import read_unique_id
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.references import canonical
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.errors import Finding
from gateway.model.choices import (
    BasePolicy,
    Statement,
)
from gateway.model.datatypes import Identifier
from gateway.model.naming import NamingSystems

_CONSENT = frozenset(
    {
        *("resourceType", "id", "meta", "text", "language", "identifier", "status", "scope"),
        *("category", "patient", "dateTime", "_dateTime", "performer", "organization"),
        *("sourceAttachment", "sourceReference", "policy", "provision"),
    }
)


def read_consent(
    consent: Json,
    naming: NamingSystems,
    policies: Mapping[str, BasePolicy],
    *,
    base_url: str = "",
) -> tuple[Statement, tuple[Finding, ...]]:
    """Read a Consent.

    Args:
        policies: The base policies that are known here, by URI.
        base_url: Of our FHIR face, without trailing slash: references may spell it out.

    Returns:
        The statement, and findings; with any error among them the statement is not to be used.
    """
    reading = _Reading(naming, policies, base_url)
    statement = reading.consent(consent)
    return statement, tuple(reading.reader.findings)


class _Reading(ProvisionReader):
    """One Consent while it is read."""

    def consent(self, consent: Json) -> Statement:
        path = "Consent"
        if consent.get("resourceType") != "Consent":
            self.refuse("Consent.resourceType", "expected a Consent")
            return Statement(patient_id=None)
        self.only(consent, _CONSENT, path)
        status = self.reader.text(consent, "status", path)
        if status not in ("active", "inactive"):
            self.refuse("Consent.status", "a choice is active, or inactive to take it back")
        self._scope(consent)
        for name in ("category", "performer", "organization", "policy"):
            if not consent.get(name):
                self.refuse(f"Consent.{name}", "this element must be there")
        source = self._source(consent)
        patient_id, patient_reference = self._patient(consent)
        performer = self._party(consent, "performer", patient_id, patient_reference)
        organization = self._party(consent, "organization", None, "")
        date_time = self.time(consent, "dateTime", path)
        if date_time is None:
            self.refuse("Consent.dateTime", "this element must be there")
        narrative = self.reader.object(consent, "text", path) or {}
        if narrative.get("status") == "additional":
            self.refuse("Consent.text", "text that says more than the elements is not enforced")
        choices = tuple(self.choices(consent, is_active=status == "active"))
        if not choices and not self.reader.findings:
            self.refuse("Consent.provision", "it says nothing")
        return Statement(
            patient_id=patient_id,
            patient_reference=patient_reference,
            date_time=date_time,
            performer=performer,
            organization=organization,
            source=source,
            choices=choices,
        )

    def _scope(self, consent: Json) -> None:
        scope = self.reader.object(consent, "scope", "Consent") or {}
        codings = list(self.reader.objects(scope, "coding", "Consent.scope"))
        if not any(
            coding.get("system") == form.SCOPE_SYSTEM and coding.get("code") == form.PATIENT_PRIVACY
            for coding, _ in codings
        ):
            self.refuse("Consent.scope", f"only {form.PATIENT_PRIVACY} is taken here")
        for coding, place in codings:
            if coding.get("code") != form.PATIENT_PRIVACY:
                self.refuse(place, "a further scope would not be enforced")

    def _source(self, consent: Json) -> str:
        reference = self.reader.object(consent, "sourceReference", "Consent")
        attachment = self.reader.object(consent, "sourceAttachment", "Consent")
        if reference is None and attachment is None:
            return ""
        if reference is not None:
            text = self.reader.text(reference, "reference", "Consent.sourceReference")
            if text is not None:
                return text
            identifier = self.reader.object(reference, "identifier", "Consent.sourceReference")
            value = identifier.get("value") if identifier else None
            if identifier is None or type(value) is not str:
                return ""
            system = identifier.get("system")
            named = system if type(system) is str else None
            return read_unique_id(named, value, self.reader.naming)
        url = (attachment or {}).get("url")
        if type(url) is str and url:
            return url
        self.reader.lost(
            "Consent.sourceAttachment", "the signed form is not kept here; submit it as a document"
        )
        return ""

    def _patient(self, consent: Json) -> tuple[Identifier | None, str]:
        path = "Consent.patient"
        patient = self.reader.object(consent, "patient", "Consent")
        if patient is None:
            self.refuse(path, "this element must be there")
            return None, ""
        reference = self.reader.text(patient, "reference", path) or ""
        name = canonical(reference, self.base_url) or "" if reference else ""
        if reference and not name.startswith(("Patient/", UUID_URN)):
            self.refuse(f"{path}.reference", "the patient is not on this server")
            name = ""
        identifier = self.identifier(patient, path)
        if identifier is None and not name:
            self.refuse(path, "a patient is named by identifier or by a reference to this server")
        return identifier, name

    def _party(
        self, consent: Json, name: str, patient_id: Identifier | None, patient_reference: str
    ) -> Identifier | None:
        """Give who said it, or took note of it; ``None`` where that is the patient."""
        parties = list(self.reader.objects(consent, name, "Consent"))
        for _, path in parties[1:]:
            self.refuse(path, "one is taken here")
        if not parties:
            return None
        party, path = parties[0]
        identifier = self.identifier(party, path)
        if identifier is not None:
            return None if identifier == patient_id else identifier
        reference = self.reader.text(party, "reference", path) or ""
        if patient_reference and canonical(reference, self.base_url) == patient_reference:
            return None
        # Who took note of it is told, and nothing depends on it.
        self.reader.lost(path, "only an identifier is kept, not a reference to a resource")
        return None
