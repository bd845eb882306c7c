CodeSystem: MHDlistTypes
Id: MHDlistTypes
Title: "What a List of MHD stands for"
Description: "The two groupings of XDS that MHD writes as a FHIR List."
* ^experimental = false
* ^caseSensitive = true
* #folder "Folder as a FHIR List" "The List is an XDS Folder."
* #submissionset "SubmissionSet as a FHIR List" "The List is an XDS SubmissionSet."

ValueSet: MHDlistTypesVS
Id: MHDlistTypesVS
Title: "Kinds of List"
Description: "Folder or SubmissionSet."
* ^experimental = false
* $listTypes#folder
* $listTypes#submissionset

CodeSystem: MHDIdentifierType
Id: IHE.MHD.MHDIdentifierType
Title: "Which XDS identifier an Identifier carries"
Description: "Tells the entryUUID of an XDS object from its uniqueId."
* ^experimental = false
* ^caseSensitive = true
* #entryUUID "Identifier type for XDS entryUUID" "The registry's own identifier of one version of the metadata."
* #uniqueId "Identifier type for XDS UniqueId" "The identifier of the document, SubmissionSet or Folder itself."

ValueSet: MHDIdentifierTypeVS
Id: IHE.MHD.MHDIdentifierTypeVS
Title: "Types of XDS identifiers"
Description: "entryUUID and uniqueId."
* ^experimental = false
* $identifierTypes#entryUUID
* $identifierTypes#uniqueId

ValueSet: DocumentReferenceStats
Id: DocumentReferenceStats
Title: "States of a DocumentReference that XDS knows"
Description: "Approved is current, Deprecated is superseded; entered-in-error has no counterpart."
* ^experimental = false
* http://hl7.org/fhir/document-reference-status#current
* http://hl7.org/fhir/document-reference-status#superseded

ValueSet: MHDprovideFolderActions
Id: MHDprovideFolderActions
Title: "What a provided Folder asks for"
Description: "Create a Folder, or replace one to put documents into it."
* ^experimental = false
* http://hl7.org/fhir/http-verb#POST
* http://hl7.org/fhir/http-verb#PUT

ValueSet: MHDprovidePatientActions
Id: MHDprovidePatientActions
Title: "What a provided Patient asks for"
Description: "Name a known patient, create one or update one."
* ^experimental = false
* http://hl7.org/fhir/http-verb#GET
* http://hl7.org/fhir/http-verb#POST
* http://hl7.org/fhir/http-verb#PUT
