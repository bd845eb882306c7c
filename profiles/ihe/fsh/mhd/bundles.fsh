Profile: PatchParameters
Parent: Parameters
Id: IHE.MHD.Patch.Parameters
Title: "Supersede a DocumentReference"
Description: "The FHIRPath Patch that goes with a replacement: DocumentReference.status becomes superseded."
* parameter 1..*
* parameter ^slicing.discriminator.type = #value
* parameter ^slicing.discriminator.path = "name"
* parameter ^slicing.rules = #open
* parameter contains operation 1..1
* parameter[operation].name = "operation"
* parameter[operation].part 3..*
* parameter[operation].part ^slicing.discriminator.type = #value
* parameter[operation].part ^slicing.discriminator.path = "name"
* parameter[operation].part ^slicing.rules = #open
* parameter[operation].part contains
    type 1..1 and
    path 1..1 and
    value 1..1
* parameter[operation].part[type].name = "type"
* parameter[operation].part[type].valueCode = #replace
* parameter[operation].part[path].name = "path"
* parameter[operation].part[path].valueString = "DocumentReference.status"
* parameter[operation].part[value].name = "value"
* parameter[operation].part[value].valueCode = #superseded

Profile: GenerateMetadataIn
Parent: Parameters
Id: IHE.MHD.GenerateMetadata.Parameters.In
Title: "What $generate-metadata takes"
Description: "One document: a Binary, or a document Bundle."
* parameter 1..1
* parameter ^slicing.discriminator.type = #value
* parameter ^slicing.discriminator.path = "name"
* parameter ^slicing.rules = #closed
* parameter contains document 1..1
* parameter[document].name = "document" (exactly)
* parameter[document].value[x] 0..0
* parameter[document].resource 1..1
* parameter[document].resource only Binary or Bundle

RuleSet: Provided(slice, profile)
* entry[{slice}].resource 1..1
* entry[{slice}].resource only {profile}

Profile: MinimalProvideBundle
Parent: Bundle
Id: IHE.MHD.Minimal.ProvideBundle
Title: "Provide Document Bundle with minimal metadata"
Description: "The transaction of ITI-65: one SubmissionSet, and what it submits."
* meta.profile 1..*
* type = #transaction
* entry 1..*
* entry ^slicing.discriminator[0].type = #profile
* entry ^slicing.discriminator[0].path = "resource"
* entry ^slicing.discriminator[1].type = #value
* entry ^slicing.discriminator[1].path = "request.method"
* entry ^slicing.rules = #closed
* entry contains
    SubmissionSet 1..1 and
    DocumentRefs 0..* and
    UpdateDocumentRefs 0..* and
    Documents 0..* and
    FhirDocuments 0..* and
    Folders 0..* and
    Patient 0..1
* insert Provided(SubmissionSet, MinimalSubmissionSet)
* entry[SubmissionSet].request 1..1
* entry[SubmissionSet].request.method = #POST
* insert Provided(DocumentRefs, MinimalDocumentReference)
* entry[DocumentRefs].request 1..1
* entry[DocumentRefs].request.method = #POST
* insert Provided(UpdateDocumentRefs, PatchParameters)
* entry[UpdateDocumentRefs].request 1..1
* entry[UpdateDocumentRefs].request.method = #PATCH
* insert Provided(Documents, Binary)
* entry[Documents].resource ^type.profile = "http://hl7.org/fhir/StructureDefinition/Binary"
* entry[Documents].request 1..1
* insert Provided(FhirDocuments, Bundle)
* entry[FhirDocuments].resource ^type.profile = "http://hl7.org/fhir/StructureDefinition/Bundle"
* entry[FhirDocuments].request 1..1
* entry[FhirDocuments].request.method = #POST
* insert Provided(Folders, MinimalFolder)
* entry[Folders].request 1..1
* entry[Folders].request.method from MHDprovideFolderActions (required)
* insert Provided(Patient, Patient)
* entry[Patient].resource ^type.profile = "http://hl7.org/fhir/StructureDefinition/Patient"
* entry[Patient].request.method from MHDprovidePatientActions (required)

Profile: UnContainedComprehensiveProvideBundle
Parent: MinimalProvideBundle
Id: IHE.MHD.UnContained.Comprehensive.ProvideBundle
Title: "Provide Document Bundle with comprehensive metadata, people anywhere"
Description: "ITI-65 under the option UnContained References."
* entry[SubmissionSet].resource only UnContainedComprehensiveSubmissionSet
* entry[DocumentRefs].resource only UnContainedComprehensiveDocumentReference

Profile: ComprehensiveProvideBundle
Parent: UnContainedComprehensiveProvideBundle
Id: IHE.MHD.Comprehensive.ProvideBundle
Title: "Provide Document Bundle with comprehensive metadata, people contained"
Description: "ITI-65 under the options Comprehensive Metadata and XDS on FHIR."
* entry[SubmissionSet].resource only ComprehensiveSubmissionSet
* entry[DocumentRefs].resource only ComprehensiveDocumentReference

Profile: ProvideDocumentBundleResponse
Parent: Bundle
Id: IHE.MHD.ProvideDocumentBundleResponse
Title: "Answer to a Provide Document Bundle"
Description: "One entry for each entry of the request, in its order, with where it is kept."
* type = #transaction-response
* entry 1..*
* entry.response 1..1
* entry.response.location 1..1

RuleSet: Searchset
* type = #searchset (exactly)
* total 1..1
* entry ^slicing.discriminator.type = #profile
* entry ^slicing.discriminator.path = "resource"
* entry ^slicing.rules = #open

Profile: FindDocumentReferencesResponse
Parent: Bundle
Id: IHE.MHD.FindDocumentReferencesResponseMessage
Title: "Answer to Find Document References"
Description: "ITI-67: each match with the address it can be read at, and the number of them."
* insert Searchset
* entry.fullUrl 1..1
* entry contains DocumentReference 0..*
* entry[DocumentReference].resource 1..1
* entry[DocumentReference].resource only DocumentReference

Profile: FindDocumentReferencesComprehensiveResponse
Parent: Bundle
Id: IHE.MHD.FindDocumentReferencesComprehensiveResponseMessage
Title: "Answer to Find Document References under Comprehensive Metadata"
Description: "ITI-67 of a responder that keeps everything XDS.b requires."
* insert Searchset
* entry.fullUrl 1..1
* entry contains DocumentReference 0..*
* entry[DocumentReference].resource 1..1
* entry[DocumentReference].resource only ComprehensiveDocumentReference

Profile: FindDocumentListsResponse
Parent: Bundle
Id: IHE.MHD.FindDocumentListsResponseMessage
Title: "Answer to Find Document Lists"
Description: "ITI-66: SubmissionSets or Folders with the address each can be read at, and their number."
* insert Searchset
* entry contains
    SubmissionSet 0..* and
    Folder 0..*
* entry[SubmissionSet].fullUrl 1..1
* entry[SubmissionSet].resource 1..1
* entry[SubmissionSet].resource only MinimalSubmissionSet
* entry[Folder].fullUrl 1..1
* entry[Folder].resource 1..1
* entry[Folder].resource only MinimalFolder
