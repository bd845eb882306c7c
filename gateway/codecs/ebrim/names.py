"""The names ebRIM 3.0 and XDS give to things: namespaces, schemes, identifiers, types.

Source:
    IHE ITI TF-3: 4.2.3 and 4.2.5 (revision 17); OASIS ebRIM 3.0; Remove Metadata and Documents
    and Metadata Update supplements.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"
XDS_B = "urn:ihe:iti:xds-b:2007"
RMD = "urn:ihe:iti:rmd:2017"
XOP = "http://www.w3.org/2004/08/xop/include"

NAMESPACES: Mapping[str, str] = MappingProxyType(
    {"lcm": LCM, "query": QUERY, "rim": RIM, "rmd": RMD, "rs": RS, "xdsb": XDS_B}
)
"""The prefixes of everything written here; an object written alone needs ``rim`` declared."""


def declare(*prefixes: str) -> str:
    """Give the namespace declarations of a start tag, each with its leading space."""
    return "".join(f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in prefixes)


SLOT = f"{{{RIM}}}Slot"
VALUE_LIST = f"{{{RIM}}}ValueList"
VALUE = f"{{{RIM}}}Value"
NAME = f"{{{RIM}}}Name"
DESCRIPTION = f"{{{RIM}}}Description"
LOCALIZED_STRING = f"{{{RIM}}}LocalizedString"
VERSION_INFO = f"{{{RIM}}}VersionInfo"
CONTENT_VERSION_INFO = f"{{{RIM}}}ContentVersionInfo"
CLASSIFICATION = f"{{{RIM}}}Classification"
EXTERNAL_IDENTIFIER = f"{{{RIM}}}ExternalIdentifier"
EXTRINSIC_OBJECT = f"{{{RIM}}}ExtrinsicObject"
REGISTRY_PACKAGE = f"{{{RIM}}}RegistryPackage"
ASSOCIATION = f"{{{RIM}}}Association"
OBJECT_REF = f"{{{RIM}}}ObjectRef"
OBJECT_REF_LIST = f"{{{RIM}}}ObjectRefList"
REGISTRY_OBJECT_LIST = f"{{{RIM}}}RegistryObjectList"
ADHOC_QUERY = f"{{{RIM}}}AdhocQuery"
SUBMIT_OBJECTS_REQUEST = f"{{{LCM}}}SubmitObjectsRequest"
REMOVE_OBJECTS_REQUEST = f"{{{LCM}}}RemoveObjectsRequest"
REQUEST_SLOT_LIST = f"{{{RS}}}RequestSlotList"
ADHOC_QUERY_REQUEST = f"{{{QUERY}}}AdhocQueryRequest"
ADHOC_QUERY_RESPONSE = f"{{{QUERY}}}AdhocQueryResponse"
RESPONSE_OPTION = f"{{{QUERY}}}ResponseOption"
REGISTRY_RESPONSE = f"{{{RS}}}RegistryResponse"
REGISTRY_ERROR_LIST = f"{{{RS}}}RegistryErrorList"
REGISTRY_ERROR = f"{{{RS}}}RegistryError"
PROVIDE_AND_REGISTER_REQUEST = f"{{{XDS_B}}}ProvideAndRegisterDocumentSetRequest"
RETRIEVE_REQUEST = f"{{{XDS_B}}}RetrieveDocumentSetRequest"
RETRIEVE_RESPONSE = f"{{{XDS_B}}}RetrieveDocumentSetResponse"
DOCUMENT = f"{{{XDS_B}}}Document"
DOCUMENT_REQUEST = f"{{{XDS_B}}}DocumentRequest"
DOCUMENT_RESPONSE = f"{{{XDS_B}}}DocumentResponse"
HOME_COMMUNITY_ID = f"{{{XDS_B}}}HomeCommunityId"
REPOSITORY_UNIQUE_ID = f"{{{XDS_B}}}RepositoryUniqueId"
DOCUMENT_UNIQUE_ID = f"{{{XDS_B}}}DocumentUniqueId"
NEW_REPOSITORY_UNIQUE_ID = f"{{{XDS_B}}}NewRepositoryUniqueId"
NEW_DOCUMENT_UNIQUE_ID = f"{{{XDS_B}}}NewDocumentUniqueId"
MIME_TYPE = f"{{{XDS_B}}}mimeType"
REMOVE_DOCUMENTS_REQUEST = f"{{{RMD}}}RemoveDocumentsRequest"

XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_OBJECT_TYPE = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:"
REGISTRY_PACKAGE_TYPE = _OBJECT_TYPE + "RegistryPackage"
ASSOCIATION_TYPE = _OBJECT_TYPE + "Association"
CLASSIFICATION_TYPE = _OBJECT_TYPE + "Classification"
EXTERNAL_IDENTIFIER_TYPE = _OBJECT_TYPE + "ExternalIdentifier"

REFERENCE_ID_LIST = "urn:ihe:iti:xds:2013:referenceIdList"
"""The only slot of XDS whose name is a URN."""

SUBMISSION_SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"
FOLDER_NODE = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"
ASSOCIATION_DOCUMENTATION = "urn:uuid:abd807a3-4432-4053-87b4-fd82c643d1f3"


class ResponseStatus(StrEnum):
    """How a request ended; the prefix of the third one is IHE's."""

    SUCCESS = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
    FAILURE = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
    PARTIAL_SUCCESS = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"


SEVERITY_ERROR = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Error"
SEVERITY_WARNING = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:Warning"


class Kind(NamedTuple):
    """How one kind of registry object says its attributes.

    Attributes:
        name: What findings call it.
        codes: Classification scheme to attribute.
        repeatable: The coded attributes that may have several values.
        author: Classification scheme of its authors; empty when it has none.
        identifiers: Identification scheme to attribute.
        limited_metadata: Classification node saying that metadata are deliberately incomplete.
        label: Classification node a RegistryPackage says with what it is.
    """

    name: str
    codes: Mapping[str, str] = MappingProxyType({})
    repeatable: frozenset[str] = frozenset()
    author: str = ""
    identifiers: Mapping[str, str] = MappingProxyType({})
    limited_metadata: str = ""
    label: str = ""


DOCUMENT_ENTRY_KIND = Kind(
    name="DocumentEntry",
    codes=MappingProxyType(
        {
            "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a": "classCode",
            "urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f": "confidentialityCode",
            "urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4": "eventCodeList",
            "urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d": "formatCode",
            "urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1": "healthcareFacilityTypeCode",
            "urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead": "practiceSettingCode",
            "urn:uuid:f0306f51-975f-434e-a61c-c59651d33983": "typeCode",
        }
    ),
    repeatable=frozenset({"confidentialityCode", "eventCodeList"}),
    author="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d",
    identifiers=MappingProxyType(
        {
            "urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427": "patientId",
            "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab": "uniqueId",
        }
    ),
    limited_metadata="urn:uuid:ab9b591b-83ab-4d03-8f5d-f93b1fb92e85",
)

SUBMISSION_SET_KIND = Kind(
    name="SubmissionSet",
    codes=MappingProxyType({"urn:uuid:aa543740-bdda-424e-8c96-df4873be8500": "contentTypeCode"}),
    author="urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d",
    identifiers=MappingProxyType(
        {
            "urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446": "patientId",
            "urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832": "sourceId",
            "urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8": "uniqueId",
        }
    ),
    limited_metadata="urn:uuid:5003a9db-8d8d-49e6-bf0c-990e34ac7707",
    label=SUBMISSION_SET_NODE,
)

FOLDER_KIND = Kind(
    name="Folder",
    codes=MappingProxyType({"urn:uuid:1ba97051-7806-41a8-a48b-8fce7af683c5": "codeList"}),
    repeatable=frozenset({"codeList"}),
    identifiers=MappingProxyType(
        {
            "urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a": "patientId",
            "urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a": "uniqueId",
        }
    ),
    limited_metadata="urn:uuid:2c144a76-29a9-4b7c-af54-b25409fe7d03",
    label=FOLDER_NODE,
)

ASSOCIATION_KIND = Kind(
    name="Association",
    codes=MappingProxyType({ASSOCIATION_DOCUMENTATION: "associationDocumentation"}),
    repeatable=frozenset({"associationDocumentation"}),
)

LABELS: Mapping[str, Kind] = MappingProxyType(
    {SUBMISSION_SET_NODE: SUBMISSION_SET_KIND, FOLDER_NODE: FOLDER_KIND}
)
"""Classification node of a RegistryPackage to what the package is."""


class QueryId(StrEnum):
    """The stored queries a registry answers.

    Source:
        IHE ITI TF-2a: 3.18.4.1.2.4 (revision 17).
    """

    FIND_DOCUMENTS = "urn:uuid:14d4debf-8f97-4251-9a74-a90016b0af0d"
    FIND_DOCUMENTS_BY_REFERENCE_ID = "urn:uuid:12941a89-e02e-4be5-967c-ce4bfc8fe492"
    FIND_SUBMISSION_SETS = "urn:uuid:f26abbcb-ac74-4422-8a30-edb644bbc1a9"
    FIND_FOLDERS = "urn:uuid:958f3006-baad-4929-a4de-ff1114824431"
    GET_ALL = "urn:uuid:10b545ea-725c-446d-9b95-8aeb444eddf3"
    GET_DOCUMENTS = "urn:uuid:5c4f972b-d56b-40ac-a5fc-c8ca9b40b9d4"
    GET_FOLDERS = "urn:uuid:5737b14c-8a1a-4539-b659-e03a34a5e1e4"
    GET_ASSOCIATIONS = "urn:uuid:a7ae438b-4bc2-4642-93e9-be891f7bb155"
    GET_DOCUMENTS_AND_ASSOCIATIONS = "urn:uuid:bab9529a-4a10-40b3-a01f-f68a615d247a"
    GET_SUBMISSION_SETS = "urn:uuid:51224314-5390-4169-9b91-b1980040715a"
    GET_SUBMISSION_SET_AND_CONTENTS = "urn:uuid:e8e3cb2c-e39c-46b9-99e4-c12f57260b83"
    GET_FOLDER_AND_CONTENTS = "urn:uuid:b909a503-523d-4517-8acf-8e5834dfc4c7"
    GET_FOLDERS_FOR_DOCUMENT = "urn:uuid:10cae35a-c7f9-4cf5-b61e-fc3278ffb578"
    GET_RELATED_DOCUMENTS = "urn:uuid:d90e5407-b356-4d91-a89f-873917b4b0e6"
