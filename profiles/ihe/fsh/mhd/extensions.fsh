Extension: DesignationType
Id: ihe-designationType
Title: "designationType"
Description: "contentTypeCode of a SubmissionSet, one code of codeList of a Folder."
Context: List
* value[x] 1..1
* value[x] only CodeableConcept

Extension: SourceId
Id: ihe-sourceId
Title: "sourceId"
Description: "Which Document Source composed the SubmissionSet."
Context: List
* value[x] 1..1
* value[x] only Identifier

Extension: IntendedRecipient
Id: ihe-intendedRecipient
Title: "intendedRecipient"
Description: "For whom a SubmissionSet is meant."
Context: List
* value[x] 1..1
* value[x] only Reference(Practitioner or Organization or Patient or RelatedPerson or Group or Device or Location)

Extension: AuthorOrg
Id: ihe-authorOrg
Title: "authorOrg"
Description: "An organization that authored a SubmissionSet; List.source of R4 cannot refer to one."
Context: List.source
* value[x] 1..1
* value[x] only Reference(Organization)

Extension: HomeCommunityId
Id: ihe-HomeCommunityId
Title: "homeCommunityId"
Description: "The community that holds what is described."
Context: DocumentReference, List
* value[x] 1..1
* value[x] only oid
