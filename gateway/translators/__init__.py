"""From one wire's values to another's, through the model: the library other programs use.

    from_fhir, to_fhir      Bundle, DocumentReference, List           <-> Package
    from_xds, to_xds        ITI-41, ITI-42, bare requests, answers    <-> Package
    from_cda, to_cda        clinical documents                        <-> Package
    from_json, to_json      the model as plain JSON                   <-> Package
    as_model, as_xml        any FHIR result as an object of fhir.resources, or as XML

A translator never refuses what it could read: it gives the best value it can, and findings about
what could not be carried or had to be assumed. Whoever called decides whether that is good enough.
Octets that are no message of the kind at all are :class:`~gateway.errors.Refused`.
"""

from __future__ import annotations

from gateway.translators.clinical_document import from_cda, to_cda, wrapped
from gateway.translators.fhir import as_model, as_xml, from_fhir, to_fhir, to_resource
from gateway.translators.package import EnclosedDocument, Package
from gateway.translators.plain import from_json, to_json
from gateway.translators.translation import Translation
from gateway.translators.xds import XdsForm, XdsMessage, from_xds, to_xds

__all__ = [
    "EnclosedDocument",
    "Package",
    "Translation",
    "XdsForm",
    "XdsMessage",
    "as_model",
    "as_xml",
    "from_cda",
    "from_fhir",
    "from_json",
    "from_xds",
    "to_cda",
    "to_fhir",
    "to_json",
    "to_resource",
    "to_xds",
    "wrapped",
]
