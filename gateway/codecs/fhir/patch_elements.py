"""What elements a DocumentReference has: their types, and which of them repeat.

Only as far as a patch may add to one: JSON alone does not tell whether a member that is not there
yet is an array.

Source:
    HL7 FHIR R4: DocumentReference, and the data types it uses.
"""

from __future__ import annotations

from typing import Final

_ANY = "id:string extension:Extension*"
_RESOURCE = (
    "id:id meta:Meta implicitRules:uri language:code text:Narrative contained:Resource* "
    "extension:Extension* modifierExtension:Extension*"
)
_BACKBONE = _ANY + " modifierExtension:Extension*"

_TYPES: Final = {
    "DocumentReference": _RESOURCE + " masterIdentifier:Identifier identifier:Identifier* "
    "status:code docStatus:code type:CodeableConcept category:CodeableConcept* "
    "subject:Reference date:instant author:Reference* authenticator:Reference "
    "custodian:Reference relatesTo:DocumentReference.relatesTo* description:string "
    "securityLabel:CodeableConcept* content:DocumentReference.content* "
    "context:DocumentReference.context",
    "DocumentReference.relatesTo": _BACKBONE + " code:code target:Reference",
    "DocumentReference.content": _BACKBONE + " attachment:Attachment format:Coding",
    "DocumentReference.context": _BACKBONE + " encounter:Reference* event:CodeableConcept* "
    "period:Period facilityType:CodeableConcept practiceSetting:CodeableConcept "
    "sourcePatientInfo:Reference related:Reference*",
    "CodeableConcept": _ANY + " coding:Coding* text:string",
    "Coding": _ANY + " system:uri version:string code:code display:string userSelected:boolean",
    "Identifier": _ANY + " use:code type:CodeableConcept system:uri value:string period:Period "
    "assigner:Reference",
    "Reference": _ANY + " reference:string type:uri identifier:Identifier display:string",
    "Period": _ANY + " start:dateTime end:dateTime",
    "Attachment": _ANY + " contentType:code language:code data:base64Binary url:url "
    "size:unsignedInt hash:base64Binary title:string creation:dateTime",
    "Meta": _ANY + " versionId:id lastUpdated:instant source:uri profile:canonical* "
    "security:Coding* tag:Coding*",
    "Narrative": _ANY + " status:code div:xhtml",
    "Extension": _ANY + " url:uri value:choice",
}

ELEMENTS: Final = {
    kind: {
        name: (type_.rstrip("*"), type_.endswith("*"))
        for name, _, type_ in (said.partition(":") for said in text.split())
    }
    for kind, text in _TYPES.items()
}
"""By type and name of an element: its own type, and whether it repeats."""
