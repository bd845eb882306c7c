// What the five patterns of RESTful events share.

RuleSet: SliceBy(path, discriminator, rules)
* {path} ^slicing.discriminator.type = #value
* {path} ^slicing.discriminator.path = "{discriminator}"
* {path} ^slicing.rules = #{rules}

RuleSet: Absent(path)
* {path} 0..0

RuleSet: RestEvent(action)
* type = $type#rest
* insert SliceBy(subtype, $this, open)
* subtype 1..*
* action = #{action}
* outcome 1..1
* outcome = #0
* source MS

// client and server, told apart by the type of each.
RuleSet: RestAgents(client, server)
* insert SliceBy(agent, type, open)
* agent 2..*
* agent contains
    client 1..1 and
    server 1..1 and
    user 0..1
* agent[client].type 1..1
* agent[client].type = {client}
* agent[client].who 1..1
* agent[client].media 0..0
* agent[client].network 1..1
* agent[server].type 1..1
* agent[server].type = {server}
* agent[server].who 1..1
* agent[server].media 0..0
* agent[server].network 1..1
* agent[user].type 1..1
* agent[user].role MS
* agent[user].who 1..1
* agent[user].name MS
* agent[user].requestor = true
* agent[user].media 0..0
* agent[user].network 0..0
* agent[user].purposeOfUse MS

RuleSet: RestEntities
* insert SliceBy(entity, type, open)
* entity 1..*
* entity contains transaction 0..1
* entity[transaction].type 1..1
* entity[transaction].type = $entities#XrequestId
* entity[transaction].what.identifier.value 1..1

RuleSet: RestData
* insert RestEntities
* entity contains data 1..1
* entity[data].what 1..1
* entity[data].type 1..1
* entity[data].type = $entity#2
* entity[data].role from RestObjectRoles (required)

RuleSet: OfPatient
* entity 2..*
* entity contains patient 1..1
* insert PatientEntity

RuleSet: PatientEntity
* entity[patient].what 1..1
* entity[patient].what only Reference(Patient)
* entity[patient].type 1..1
* entity[patient].type = $entity#1
* entity[patient].role 1..1
* entity[patient].role = $role#1

Profile: AuditCreate
Parent: AuditEvent
Id: IHE.BasicAudit.Create
Title: "A resource was created"
Description: "Recorded by either side of a successful create."
* insert RestEvent(C)
* subtype contains anyCreate 1..1
* subtype[anyCreate] = $rest#create
* insert RestAgents($dcm#110153, $dcm#110152)
* agent[user].type from DataSources (required)
* insert RestData
* entity[data].role 1..1

Profile: AuditPatientCreate
Parent: AuditCreate
Id: IHE.BasicAudit.PatientCreate
Title: "A resource about a patient was created"
Description: "Create, with the patient whose record it belongs to."
* insert OfPatient

Profile: AuditRead
Parent: AuditEvent
Id: IHE.BasicAudit.Read
Title: "A resource was read"
Description: "Recorded by either side of a successful read; data flow from server to client."
* insert RestEvent(R)
* subtype contains anyRead 1..1
* subtype[anyRead] from AllReadVS (required)
* insert RestAgents($dcm#110152, $dcm#110153)
* agent[user].type = $participation#IRCP
* insert RestData

Profile: AuditPatientRead
Parent: AuditRead
Id: IHE.BasicAudit.PatientRead
Title: "A resource about a patient was read"
Description: "Read, with the patient whose record it belongs to."
* insert OfPatient

Profile: AuditUpdate
Parent: AuditEvent
Id: IHE.BasicAudit.Update
Title: "A resource was changed"
Description: "Recorded by either side of a successful update or patch."
* insert RestEvent(U)
* subtype contains anyUpdate 1..1
* subtype[anyUpdate] from AllUpdateVS (required)
* insert RestAgents($dcm#110153, $dcm#110152)
* agent[user].type from DataSources (required)
* insert RestData
* entity[data].role 1..1

Profile: AuditPatientUpdate
Parent: AuditUpdate
Id: IHE.BasicAudit.PatientUpdate
Title: "A resource about a patient was changed"
Description: "Update, with the patient whose record it belongs to."
* insert OfPatient

Profile: AuditDelete
Parent: AuditEvent
Id: IHE.BasicAudit.Delete
Title: "A resource was deleted"
Description: "Recorded by either side of a successful delete; no data flow, so the agents are named by what they are."
* insert RestEvent(D)
* subtype contains anyDelete 1..1
* subtype[anyDelete] = $rest#delete
* insert RestAgents($dcm#110150, http://terminology.hl7.org/CodeSystem/provenance-participant-type#custodian)
* agent[user].type from DataSources (required)
* insert RestData
* entity[data].role 1..1

Profile: AuditPatientDelete
Parent: AuditDelete
Id: IHE.BasicAudit.PatientDelete
Title: "A resource about a patient was deleted"
Description: "Delete, with the patient whose record it belonged to."
* insert OfPatient

Profile: AuditQuery
Parent: AuditEvent
Id: IHE.BasicAudit.Query
Title: "Resources were searched"
Description: "Recorded by either side of a successful search; the request itself is kept in base64."
* insert RestEvent(E)
* subtype contains anySearch 1..1
* subtype[anySearch] from AllSearchVS (required)
* insert RestAgents($dcm#110153, $dcm#110152)
* agent[user].type = $participation#IRCP
* insert RestEntities
* entity contains query 1..1
* entity[query].what 0..0
* entity[query].type 1..1
* entity[query].type = $entity#2
* entity[query].role 1..1
* entity[query].role = $role#24
* entity[query].lifecycle 0..0
* entity[query].query 1..1
* entity[query].detail 0..0

Profile: AuditPatientQuery
Parent: AuditQuery
Id: IHE.BasicAudit.PatientQuery
Title: "Resources about a patient were searched"
Description: "Query, with the patient whose record was searched."
* insert OfPatient
