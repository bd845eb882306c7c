RuleSet: ListIdentifiers
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "type"
* identifier ^slicing.rules = #open
* identifier contains
    uniqueId 0..1 MS and
    entryUUID 0..1 MS
* identifier[entryUUID] only EntryUuidIdentifier

// What neither grouping of XDS can carry.
RuleSet: ListInCommon
* mode = #working
* subject only Reference(Patient)
* subject MS
* encounter 0..0
* orderedBy 0..0
* note 0..1
* entry.flag 0..0
* entry.deleted 0..0
* entry.date 0..0
* emptyReason 0..0

Profile: MhdList
Parent: List
Id: IHE.MHD.List
Title: "A grouping of XDS as a List"
Description: "What SubmissionSet and Folder share."
* extension contains
    DesignationType named designationType 0..* and
    HomeCommunityId named homeCommunityId 0..1
* modifierExtension 0..0
* code 1..1
* code from MHDlistTypesVS (required)

Profile: MinimalSubmissionSet
Parent: MhdList
Id: IHE.MHD.Minimal.SubmissionSet
Title: "SubmissionSet with the least a Document Recipient needs"
Description: "ITI-65 with minimal metadata, and answers of ITI-66."
* extension 1..*
* extension[designationType] 0..1 MS
* extension contains
    SourceId named sourceId 1..1 and
    IntendedRecipient named intendedRecipient 0..*
* insert ListIdentifiers
* identifier[uniqueId] only SubmissionSetUniqueIdIdentifier
* insert ListInCommon
* status = #current
* code = $listTypes#submissionset
* date 1..1
* source MS
* source.extension contains AuthorOrg named authorOrg 0..1
* entry.item only Reference(DocumentReference or List)

Profile: UnContainedComprehensiveSubmissionSet
Parent: MinimalSubmissionSet
Id: IHE.MHD.UnContained.Comprehensive.SubmissionSet
Title: "SubmissionSet with all that XDS.b requires, its author anywhere"
Description: "Adds the content type and the patient."
* extension 2..*
* extension[designationType] 1..1
* subject 1..1

Profile: ComprehensiveSubmissionSet
Parent: UnContainedComprehensiveSubmissionSet
Id: IHE.MHD.Comprehensive.SubmissionSet
Title: "SubmissionSet with all that XDS.b requires, its author contained"
Description: "The author is copied into the set, as XDS does."
* source only Reference(Practitioner or PractitionerRole or Patient or Device)
* source ^type.aggregation = #contained

Profile: MinimalFolder
Parent: MhdList
Id: IHE.MHD.Minimal.Folder
Title: "Folder with the least a Document Recipient needs"
Description: "ITI-65 with minimal metadata, and answers of ITI-66."
* extension[designationType] MS
* insert ListIdentifiers
* identifier[uniqueId] only UniqueIdIdentifier
* insert ListInCommon
* code = $listTypes#folder
* source 0..0
* entry.item only Reference(DocumentReference)

Profile: ComprehensiveFolder
Parent: MinimalFolder
Id: IHE.MHD.Comprehensive.Folder
Title: "Folder with all that XDS.b requires"
Description: "Adds a code, the title and the patient."
* extension 1..*
* extension[designationType] 1..*
* title 1..1
* subject 1..1
