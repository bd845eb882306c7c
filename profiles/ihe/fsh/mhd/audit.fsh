// Each transaction is recorded twice: the actor that asked and the actor that answered.

Invariant: val-audit-source
Description: "The actor that recorded the event is this agent: who equals source.observer."
Severity: #error
Expression: "$this.who = %resource.source.observer"

RuleSet: Transaction(slice, code, name)
* modifierExtension 0..0
* subtype 2..*
* subtype contains {slice} 1..1
* subtype[{slice}] = $event#{code} "{name}"

RuleSet: ProvideEvent(type)
* modifierExtension 0..0
* type = $dcm#{type}
* subtype 1..*
* subtype ^slicing.discriminator.type = #value
* subtype ^slicing.discriminator.path = "$this"
* subtype ^slicing.rules = #open
* subtype contains iti65 1..1
* subtype[iti65] = $event#ITI-65 "Provide Document Bundle"
* outcome 1..1
* outcomeDesc MS
* agent 2..*
* agent ^slicing.discriminator.type = #value
* agent ^slicing.discriminator.path = "type"
* agent ^slicing.rules = #open
* agent contains
    documentSource 1..1 and
    documentRecipient 1..1
* agent[documentSource].type 1..1
* agent[documentSource].type = $dcm#110153 "Source Role ID"
* agent[documentSource].who 1..1
* agent[documentSource].network 1..1
* agent[documentRecipient].type 1..1
* agent[documentRecipient].type = $dcm#110152 "Destination Role ID"
* agent[documentRecipient].who 1..1
* agent[documentRecipient].network 1..1
* entity 2..*
* entity ^slicing.discriminator.type = #value
* entity ^slicing.discriminator.path = "type"
* entity ^slicing.rules = #open
* entity contains
    patient 1..1 and
    submissionSet 1..1
* entity[patient].what 1..1
* entity[patient].what only Reference(Patient)
* entity[patient].type 1..1
* entity[patient].type = $entity#1 "Person"
* entity[patient].role = $role#1 "Patient"
* entity[submissionSet].what 1..1
* entity[submissionSet].what only Reference(List)
* entity[submissionSet].type 1..1
* entity[submissionSet].type = $entity#2 "System Object"
* entity[submissionSet].role = $role#20 "Job"

Profile: ProvideBundleAuditSource
Parent: AuditEvent
Id: IHE.MHD.ProvideBundle.Audit.Source
Title: "ITI-65, recorded by the Document Source"
Description: "Documents of a patient left this system."
* insert ProvideEvent(110106 "Export")
* action = #R
* agent[documentSource] obeys val-audit-source

Profile: ProvideBundleAuditRecipient
Parent: AuditEvent
Id: IHE.MHD.ProvideBundle.Audit.Recipient
Title: "ITI-65, recorded by the Document Recipient"
Description: "Documents of a patient came in."
* insert ProvideEvent(110107 "Import")
* action = #C
* agent[documentRecipient] obeys val-audit-source

Profile: FindDocumentListsAuditConsumer
Parent: IHE.BasicAudit.PatientQuery
Id: IHE.MHD.FindDocumentLists.Audit.Consumer
Title: "ITI-66, recorded by the Document Consumer"
Description: "Lists of a patient were asked for."
* insert Transaction(iti66, ITI-66, Find Document Lists)
* agent[client] obeys val-audit-source

Profile: FindDocumentListsAuditResponder
Parent: IHE.BasicAudit.PatientQuery
Id: IHE.MHD.FindDocumentLists.Audit.Responder
Title: "ITI-66, recorded by the Document Responder"
Description: "Lists of a patient were searched."
* insert Transaction(iti66, ITI-66, Find Document Lists)
* agent[server] obeys val-audit-source

Profile: FindDocumentReferencesAuditConsumer
Parent: IHE.BasicAudit.PatientQuery
Id: IHE.MHD.FindDocumentReferences.Audit.Consumer
Title: "ITI-67, recorded by the Document Consumer"
Description: "Documents of a patient were asked for."
* insert Transaction(iti67, ITI-67, Find Document References)
* agent[client] obeys val-audit-source

Profile: FindDocumentReferencesAuditResponder
Parent: IHE.BasicAudit.PatientQuery
Id: IHE.MHD.FindDocumentReferences.Audit.Responder
Title: "ITI-67, recorded by the Document Responder"
Description: "Documents of a patient were searched."
* insert Transaction(iti67, ITI-67, Find Document References)
* agent[server] obeys val-audit-source

Profile: RetrieveDocumentAuditConsumer
Parent: IHE.BasicAudit.PatientRead
Id: IHE.MHD.RetrieveDocument.Audit.Consumer
Title: "ITI-68, recorded by the Document Consumer"
Description: "A document of a patient was fetched."
* insert Transaction(iti68, ITI-68, Retrieve Document)
* agent[client] obeys val-audit-source
* entity[data].role = $role#3 "Report"

Profile: RetrieveDocumentAuditResponder
Parent: IHE.BasicAudit.PatientRead
Id: IHE.MHD.RetrieveDocument.Audit.Responder
Title: "ITI-68, recorded by the Document Responder"
Description: "A document of a patient was handed out."
* insert Transaction(iti68, ITI-68, Retrieve Document)
* agent[server] obeys val-audit-source
* entity[data].role = $role#3 "Report"

Profile: SimplifiedPublishAuditSource
Parent: IHE.BasicAudit.PatientCreate
Id: IHE.MHD.SimplifiedPublish.Audit.Source
Title: "ITI-105, recorded by the Document Source"
Description: "A document of a patient left this system, with its entry."
* insert Transaction(iti105, ITI-105, Simplified Publish)
* agent[client] obeys val-audit-source
* entity[data].what only Reference(DocumentReference)

Profile: SimplifiedPublishAuditRecipient
Parent: IHE.BasicAudit.PatientCreate
Id: IHE.MHD.SimplifiedPublish.Audit.Recipient
Title: "ITI-105, recorded by the Document Recipient"
Description: "A document of a patient came in, with its entry."
* insert Transaction(iti105, ITI-105, Simplified Publish)
* agent[server] obeys val-audit-source
* entity[data].what only Reference(DocumentReference)

Profile: GenerateMetadataAuditSource
Parent: IHE.BasicAudit.Create
Id: IHE.MHD.GenerateMetadata.Audit.Source
Title: "ITI-106, recorded by the Document Source"
Description: "A document was handed over so that its entry be written; whose it is, the source need not know."
* insert Transaction(iti106, ITI-106, Generate Metadata)
* agent[client] obeys val-audit-source

Profile: GenerateMetadataAuditRecipient
Parent: IHE.BasicAudit.PatientCreate
Id: IHE.MHD.GenerateMetadata.Audit.Recipient
Title: "ITI-106, recorded by the Document Recipient"
Description: "The entry of a patient's document was written from the document itself."
* insert Transaction(iti106, ITI-106, Generate Metadata)
* agent[server] obeys val-audit-source
* entity[data].what only Reference(DocumentReference)
