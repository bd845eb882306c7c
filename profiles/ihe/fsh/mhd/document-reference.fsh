RuleSet: EntryIdentifiers
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "type"
* identifier ^slicing.rules = #open

// What Minimal and SimplifiedPublish have in common.
RuleSet: EntryInCommon
* modifierExtension 0..0
* masterIdentifier 1..1
* insert EntryIdentifiers
* docStatus 0..0
* type MS
* category 0..1 MS
* subject only Reference(Patient)
* date MS
* author MS
* relatesTo MS
* securityLabel MS
* content 1..1
* content.attachment.contentType 1..1
* content.attachment.language MS
* content.attachment.creation MS
* content.format MS
* context.period MS
* context.facilityType MS
* context.practiceSetting MS
* context.sourcePatientInfo MS

Profile: MinimalDocumentReference
Parent: DocumentReference
Id: IHE.MHD.Minimal.DocumentReference
Title: "DocumentEntry with the least a Document Recipient needs"
Description: "ITI-65 with minimal metadata, and every answer of ITI-67."
* insert EntryInCommon
* extension contains HomeCommunityId named homeCommunityId 0..1
* masterIdentifier only UniqueIdIdentifier
* identifier MS
* identifier contains
    entryUUID 0..1 MS and
    uniqueId 0..1 MS
* identifier[entryUUID] only EntryUuidIdentifier
* identifier[uniqueId] only UniqueIdIdentifier
* status from DocumentReferenceStats (required)
* subject MS
* content.attachment.data 0..0
* content.attachment.url 1..1
* content.format from http://ihe.net/fhir/ihe.formatcode.fhir/ValueSet/formatcode (preferred)

Profile: UnContainedComprehensiveDocumentReference
Parent: MinimalDocumentReference
Id: IHE.MHD.UnContained.Comprehensive.DocumentReference
Title: "DocumentEntry with all that XDS.b requires, people anywhere"
Description: "Comprehensive metadata whose author, authenticator and source patient may be resources of their own."
* type 1..1
* category 1..1
* subject 1..1
* securityLabel 1..*
* content.attachment.language 1..1
* content.attachment.creation 1..1
* content.format 1..1
* context 1..1
* context.facilityType 1..1
* context.practiceSetting 1..1
* context.sourcePatientInfo 1..1

Profile: ComprehensiveDocumentReference
Parent: UnContainedComprehensiveDocumentReference
Id: IHE.MHD.Comprehensive.DocumentReference
Title: "DocumentEntry with all that XDS.b requires, people contained"
Description: "What XDS copies into the entry is contained here: later changes of a person do not reach it."
* author only Reference(Practitioner or PractitionerRole or Organization or Device or Patient or RelatedPerson)
* author ^type.aggregation = #contained
* authenticator only Reference(Practitioner or PractitionerRole or Organization)
* authenticator ^type.aggregation = #contained
* context.sourcePatientInfo only Reference(Patient)
* context.sourcePatientInfo ^type.aggregation = #contained

Profile: SimplifiedPublishDocumentReference
Parent: DocumentReference
Id: IHE.MHD.SimplifiedPublish.DocumentReference
Title: "A document and its entry in one resource"
Description: "ITI-105: the document travels in attachment.data; the recipient composes the SubmissionSet."
* insert EntryInCommon
* identifier contains
    entryUUID 0..0 and
    uniqueId 0..1 MS
* identifier[entryUUID] only EntryUuidIdentifier
* identifier[uniqueId] only UniqueIdIdentifier
* status = #current
* subject 1..1
* content.attachment.data 1..1
* content.attachment.url 0..0
