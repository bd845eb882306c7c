// The type, and not the extension of that id.
Alias: $code = http://hl7.org/fhir/StructureDefinition/code

// Texts that an element carries beside its FHIR form.

Extension: TextText
Id: text
Title: "text"
Description: "The HL7 v2 text of the element it stands on, where the FHIR form cannot carry all of it."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: CodeText
Id: code
Title: "code"
Description: "A code that is no FHIR code, on its Coding."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: LanguageText
Id: language
Title: "language"
Description: "The language of a text, on it."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: VersionText
Id: version
Title: "version"
Description: "A version that is no FHIR id."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: ReferenceIdText
Id: reference-id
Title: "reference-id"
Description: "One item of referenceIdList as it came, where its order or form is lost."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: SourcePatientIdText
Id: source-patient-id
Title: "source-patient-id"
Description: "sourcePatientId as it came, on the patient it came with."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: SourcePatientInfoText
Id: source-patient-info
Title: "source-patient-info"
Description: "One item of sourcePatientInfo as it came."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: AssociationTypeText
Id: association-type
Title: "association-type"
Description: "The XDS type of a relation, where relatesTo.code is coarser."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: EntryUuidText
Id: entry-uuid
Title: "entry-uuid"
Description: "An entryUUID that is no urn:uuid."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: UniqueIdText
Id: unique-id
Title: "unique-id"
Description: "A uniqueId no Identifier can carry."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: LogicalIdText
Id: logical-id
Title: "logical-id"
Description: "A logicalID the FHIR id does not say."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: AvailabilityStatusText
Id: availability-status
Title: "availability-status"
Description: "An availabilityStatus FHIR has no word for."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: DocumentAvailabilityText
Id: document-availability
Title: "document-availability"
Description: "documentAvailability."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: HomeCommunityIdText
Id: home-community-id
Title: "home-community-id"
Description: "A homeCommunityId that is no OID."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: ObjectTypeText
Id: object-type
Title: "object-type"
Description: "An objectType other than that of stable documents."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: MimeTypeText
Id: mime-type
Title: "mime-type"
Description: "A mimeType that is no FHIR code."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: LanguageCodeText
Id: language-code
Title: "language-code"
Description: "A languageCode that is no FHIR code."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: HashText
Id: hash
Title: "hash"
Description: "A hash as it came, where base64 cannot say it."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: SizeText
Id: size
Title: "size"
Description: "A size that is no number FHIR allows."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: RepositoryUniqueIdText
Id: repository-unique-id
Title: "repository-unique-id"
Description: "repositoryUniqueId."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

Extension: UriText
Id: uri
Title: "uri"
Description: "URI."
Context: Element, Resource
* value[x] 1..1
* value[x] only string

// Facts that FHIR has no element for.

Extension: SameAuthor
Id: same-author
Title: "same-author"
Description: "This reference continues the author before it, who has several institutions."
Context: Reference
* value[x] 1..1
* value[x] only boolean

Extension: Author
Id: author
Title: "author"
Description: "An author of a submission beyond the first, whom List.source cannot carry."
Context: List
* value[x] 1..1
* value[x] only Reference(Practitioner or PractitionerRole or Organization or Device or Patient or RelatedPerson)

Extension: AssociationReason
Id: association-reason
Title: "association-reason"
Description: "Why a document relates to another."
Context: DocumentReference.relatesTo
* value[x] 1..1
* value[x] only CodeableConcept

Extension: ReceivedFrom
Id: received-from
Title: "received-from"
Description: "Which system sent an audit event that is kept here."
Context: AuditEvent
* value[x] 1..1
* value[x] only Reference

Extension: Known
Id: known
Title: "known"
Description: "Whether the directory knows the patient, or only a document named him."
Context: Patient
* value[x] 1..1
* value[x] only boolean

Extension: IdentityQualified
Id: identity-qualified
Title: "identity-qualified"
Description: "Whether the identity is sure enough to be fed."
Context: Patient
* value[x] 1..1
* value[x] only boolean

Extension: OwnAuthorisation
Id: own-authorisation
Title: "own-authorisation"
Description: "How who asks stands to the record."
Context: Patient
* value[x] 1..1
* value[x] only $code

Extension: Sequence
Id: sequence
Title: "sequence"
Description: "The place of a notice among those of its recipient."
Context: Communication
* value[x] 1..1
* value[x] only unsignedInt

Extension: AccessMode
Id: access-mode
Title: "access-mode"
Description: "In which mode somebody came."
Context: Communication
* value[x] 1..1
* value[x] only $code

Extension: AuthorisationOrigin
Id: authorisation-origin
Title: "authorisation-origin"
Description: "How an authorisation came to be."
Context: Consent.provision
* value[x] 1..1
* value[x] only $code

Extension: PatientAgreement
Id: patient-agreement
Title: "patient-agreement"
Description: "When the patient agreed to an authorisation a professional declared."
Context: Consent.provision
* value[x] 1..1
* value[x] only dateTime

Extension: ServiceScope
Id: service-scope
Title: "service-scope"
Description: "A class of documents a service may see."
Context: Consent.provision
* value[x] 1..1
* value[x] only Coding

Extension: ObjectionMotive
Id: objection-motive
Title: "objection-motive"
Description: "Why documents of a source are not wanted."
Context: Consent.provision
* value[x] 1..1
* value[x] only string

Extension: ObjectionAcceptedBy
Id: objection-accepted-by
Title: "objection-accepted-by"
Description: "Who accepted the objection."
Context: Consent.provision
* value[x] 1..1
* value[x] only Reference(Practitioner or Organization)

Extension: RepresentativeTitle
Id: representative-title
Title: "representative-title"
Description: "By which title somebody represents the patient."
Context: Consent.provision
* value[x] 1..1
* value[x] only string

Extension: Slot
Id: slot
Title: "slot"
Description: "Extra metadata: the name of a slot and its values."
Context: Element, Resource
* extension contains
    name 1..1 and
    value 0..*
* extension[name].value[x] only string
* extension[value].value[x] only string

Extension: Delivery
Id: delivery
Title: "delivery"
Description: "How far a notice got on one channel."
Context: Communication
* extension contains
    channel 1..1 and
    state 1..1 and
    attempts 1..1 and
    ended 0..1 and
    due 0..1 and
    trouble 0..1
* extension[channel].value[x] only $code
* extension[state].value[x] only $code
* extension[attempts].value[x] only unsignedInt
* extension[ended].value[x] only instant
* extension[due].value[x] only instant
* extension[trouble].value[x] only string
