Alias: $J02 = https://mos.esante.gouv.fr/NOS/JDV_J02-XdsHealthcareFacilityTypeCode-CISIS/FHIR/JDV-J02-XdsHealthcareFacilityTypeCode-CISIS
Alias: $J04 = https://mos.esante.gouv.fr/NOS/JDV_J04-XdsPracticeSettingCode-CISIS/FHIR/JDV-J04-XdsPracticeSettingCode-CISIS
Alias: $J06 = https://mos.esante.gouv.fr/NOS/JDV_J06-XdsClassCode-CISIS/FHIR/JDV-J06-XdsClassCode-CISIS
Alias: $J07 = https://mos.esante.gouv.fr/NOS/JDV_J07-XdsTypeCode-CISIS/FHIR/JDV-J07-XdsTypeCode-CISIS
Alias: $J08 = https://mos.esante.gouv.fr/NOS/JDV_J08-XdsConfidentialityCode-CISIS/FHIR/JDV-J08-XdsConfidentialityCode-CISIS
Alias: $J10 = https://mos.esante.gouv.fr/NOS/JDV_J10-XdsFormatCode-CISIS/FHIR/JDV-J10-XdsFormatCode-CISIS
Alias: $J59 = https://mos.esante.gouv.fr/NOS/JDV_J59-ContentTypeCode-DMP/FHIR/JDV-J59-ContentTypeCode-DMP

// The guide states which nomenclatures a code comes from in prose, as an error, and breaks it in its
// own examples (a SNOMED CT facility); here it is a warning that names the system.

Invariant: pdsm-type-system
Description: "typeCode comes from LOINC, TRE_A05 or TRE_A12."
Severity: #warning
Expression: "coding.all(system in ('http://loinc.org' | 'https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaire/FHIR/TRE-A05-TypeDocComplementaire' | 'https://mos.esante.gouv.fr/NOS/TRE_A12-NomenclatureASTM/FHIR/TRE-A12-NomenclatureASTM'))"

Invariant: pdsm-class-system
Description: "classCode comes from TRE_A03 or TRE_A10."
Severity: #warning
Expression: "coding.all(system in ('https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument' | 'https://mos.esante.gouv.fr/NOS/TRE_A10-NomenclatureURN/FHIR/TRE-A10-NomenclatureURN'))"

Invariant: pdsm-format-system
Description: "formatCode comes from TRE_A06, TRE_A09, TRE_A10 or the format codes of IHE (TRE_A11)."
Severity: #warning
Expression: "system in ('https://mos.esante.gouv.fr/NOS/TRE_A06-FormatCodeComplementaire/FHIR/TRE-A06-FormatCodeComplementaire' | 'https://mos.esante.gouv.fr/NOS/TRE_A09-DICOMuidRegistry/FHIR/TRE-A09-DICOMuidRegistry' | 'https://mos.esante.gouv.fr/NOS/TRE_A10-NomenclatureURN/FHIR/TRE-A10-NomenclatureURN' | 'https://mos.esante.gouv.fr/NOS/TRE_A11-IheFormatCode/FHIR/TRE-A11-IheFormatCode' | 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode')"

Invariant: pdsm-setting-system
Description: "The sector comes from TRE_R02 and the setting from TRE_A01, or both from TRE_A00 where no professional is the author."
Severity: #warning
Expression: "coding.all(system in ('https://mos.esante.gouv.fr/NOS/TRE_A00-ProducteurDocNonPS/FHIR/TRE-A00-ProducteurDocNonPS' | 'https://mos.esante.gouv.fr/NOS/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice' | 'https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite'))"

// What the released text and the one after it do not agree on: a warning, not an error.

Invariant: pdsm-custodian
Description: "The text after 3.1.1 asks for the custodian, who keeps the document; 3.1.1 does not."
Severity: #warning
Expression: "custodian.exists()"

Invariant: pdsm-date
Description: "The text after 3.1.1 asks for the date of the fiche; 3.1.1 does not."
Severity: #warning
Expression: "date.exists()"

Invariant: pdsm-authenticator
Description: "PDSm 3.1.1 asks for an authenticator, who answers for the content; the text after it does not."
Severity: #warning
Expression: "authenticator.exists()"

Extension: IsArchived
Id: pdsm-ext-is-archived
Title: "isArchived"
Description: "Whether a document or a submission is archived: in force, but not shown unless asked for."
Context: DocumentReference, List
* value[x] 1..1
* value[x] only boolean

Extension: IsDeleted
Id: pdsm-ext-is-deleted
Title: "isDeleted"
Description: "Whether a document was deleted; named by the draft for the DMP, for requests that delete."
Context: DocumentReference
* value[x] 1..1
* value[x] only boolean

Extension: PdsmIntendedRecipient
Id: pdsm-ext-intended-recipient
Title: "intendedRecipient"
Description: "For whom a submission is meant: a professional, with a role or without, or a structure."
Context: List
* value[x] 1..1
* value[x] only Reference(Practitioner or PractitionerRole or Organization)

RuleSet: EntryOfPdsm
* type from $J07 (preferred)
* type obeys pdsm-type-system
* category from $J06 (preferred)
* category obeys pdsm-class-system
* . obeys pdsm-custodian and pdsm-date
* author 1..*
* description MS
* securityLabel from $J08 (extensible)
* content.attachment.title 1..1
* content.format from $J10 (preferred)
* content.format obeys pdsm-format-system
* context.facilityType from $J02 (preferred)
* context.facilityType obeys pdsm-setting-system
* context.practiceSetting from $J04 (preferred)
* context.practiceSetting obeys pdsm-setting-system

// PDSm stands on MHD 4.2.0, which tells identifiers apart by use and asks for no type; the profile of
// today's MHD does, so its other demands are written out here.
RuleSet: ComprehensiveOfMhd
* extension contains https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-HomeCommunityId named homeCommunityId 0..1
* modifierExtension 0..0
* masterIdentifier 1..1
* masterIdentifier.system 1..1
* masterIdentifier.value 1..1
* identifier MS
* status from https://profiles.ihe.net/ITI/MHD/ValueSet/DocumentReferenceStats (required)
* docStatus 0..0
* type 1..1
* category 1..1
* subject 1..1
* subject only Reference(Patient)
* authenticator only Reference(Practitioner or PractitionerRole or Organization)
* authenticator ^type.aggregation = #contained
* relatesTo MS
* securityLabel 1..*
* content 1..1
* content.attachment.contentType 1..1
* content.attachment.language 1..1
* content.attachment.data 0..0
* content.attachment.url 1..1
* content.attachment.creation 1..1
* content.format 1..1
* context 1..1
* context.facilityType 1..1
* context.practiceSetting 1..1
* context.sourcePatientInfo 1..1
* context.sourcePatientInfo only Reference(Patient)
* context.sourcePatientInfo ^type.aggregation = #contained

Profile: PdsmDocumentReference
Parent: DocumentReference
Id: pdsm-comprehensive-document-reference
Title: "Fiche: a document as PDSm describes it"
Description: "Comprehensive metadata of MHD, with the French nomenclatures and what PDSm requires besides."
* insert ComprehensiveOfMhd
* insert EntryOfPdsm
* . obeys pdsm-authenticator
* contained 1..*
* extension contains IsArchived named isArchived 0..1 MS
* author only Reference(Practitioner or PractitionerRole or Device or Patient)
* author ^type.aggregation = #contained
* content.attachment.size 1..1
* content.attachment.hash 1..1
* context.period 1..1
* context.period.start 1..1
* context.related MS

Profile: PdsmSimplifiedPublish
Parent: IHE.MHD.SimplifiedPublish.DocumentReference
Id: pdsm-simplified-publish
Title: "Simplified publication of a document"
Description: "ITI-105 as PDSm writes it: the document in attachment.data, one event at the most."
* insert EntryOfPdsm
* context.event 0..1

Profile: PdsmSubmissionSet
Parent: IHE.MHD.Comprehensive.SubmissionSet
Id: pdsm-submissionset-comprehensive
Title: "Lot de soumission"
Description: "The SubmissionSet of PDSm; its author is contained."
* contained 1..*
* extension contains
    IsArchived named isArchived 0..1 and
    PdsmIntendedRecipient named pdsmIntendedRecipient 0..* MS
* extension[designationType].value[x] from $J59 (preferred)
* source 1..1
* source only Reference(PractitionerRole or Practitioner or Device or Patient)
* source ^type.aggregation = #contained
* entry.item only Reference(DocumentReference or List)

Profile: PdsmFolder
Parent: IHE.MHD.Comprehensive.Folder
Id: pdsm-folder-comprehensive
Title: "Classeur"
Description: "The Folder of PDSm: one code, dated, never empty."
* extension[designationType] 1..1
* date 1..1
* entry 1..*

Profile: PdsmProvideBundle
Parent: IHE.MHD.Comprehensive.ProvideBundle
Id: pdsm-comprehensive-provide-document-bundle
Title: "Submission of documents"
Description: "ITI-65 as PDSm writes it."
* entry[SubmissionSet].resource only PdsmSubmissionSet
// Stands beside MHD's profile of today and not below it, so it is set as it is.
* entry[DocumentRefs].resource ^type.profile = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-document-reference"
* entry[Folders].resource only PdsmFolder

Profile: PdsmFindDocumentReferencesResponse
Parent: IHE.MHD.FindDocumentReferencesComprehensiveResponseMessage
Id: pdsm-find-documentreferences-comprehensive-response
Title: "Answer to a search of documents"
Description: "ITI-67 as PDSm writes it."
* entry[DocumentReference].resource ^type.profile = "https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-document-reference"

Profile: PdsmFindListsResponse
Parent: IHE.MHD.FindDocumentListsResponseMessage
Id: pdsm-find-lists-response
Title: "Answer to a search of submissions or folders"
Description: "ITI-66 as PDSm writes it."
* entry[SubmissionSet].resource only PdsmSubmissionSet
* entry[Folder].resource only PdsmFolder
