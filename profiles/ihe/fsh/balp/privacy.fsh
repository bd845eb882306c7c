Invariant: val-audit-source
Description: "The actor that recorded the event is this agent: who equals source.observer."
Severity: #error
Expression: "$this.who = %resource.source.observer"

RuleSet: Disclosure
* modifierExtension 0..0
* insert SliceBy(subtype, $this, open)
* subtype 1..*
* subtype contains disclosure 1..1
* subtype[disclosure] = $lifecycle#disclose
* outcome 1..1
* outcomeDesc MS
* purposeOfEvent MS
* insert SliceBy(agent, type, open)
* agent 2..*
* agent contains
    source 1..1 and
    recipient 1..1 and
    custodian 0..1 and
    authorizer 0..1
* agent[source].type 1..1
* agent[source].type = $dcm#110153
* agent[source].who 1..1
* agent[source].network 1..1
* agent[recipient].type 1..1
* agent[recipient].type = $dcm#110152
* agent[recipient].who 1..1
* agent[recipient].network 1..1
* agent[custodian].type 1..1
* agent[custodian].type = $sct#159541003
* agent[custodian].who 1..1
* agent[authorizer].type 1..1
* agent[authorizer].type = $sct#429577009
* agent[authorizer].who 1..1
* insert SliceBy(entity, type, open)
* entity 2..*
* entity contains patient 1..1
* insert PatientEntity

Profile: AuditPrivacyDisclosureSource
Parent: AuditEvent
Id: IHE.BasicAudit.PrivacyDisclosure.Source
Title: "Data of a patient were disclosed, told by who gave them"
Description: "For the accounting of disclosures a patient may ask for."
* insert Disclosure
* type = $dcm#110106
* action = #R
* agent[source] obeys val-audit-source

Profile: AuditPrivacyDisclosureRecipient
Parent: AuditEvent
Id: IHE.BasicAudit.PrivacyDisclosure.Recipient
Title: "Data of a patient were disclosed, told by who got them"
Description: "For the accounting of disclosures a patient may ask for."
* insert Disclosure
* type = $dcm#110107
* action = #C
* agent[recipient] obeys val-audit-source

Profile: AuditAuthZconsent
Parent: AuditEvent
Id: IHE.BasicAudit.AuthZconsent
Title: "An authorization was decided by consent"
Description: "Recorded by the authorization server: who asked, for whom, which consents were evaluated."
* modifierExtension 0..0
* type = $dcm#110113
* subtype 1..*
* subtype from AuthZsubTypeVS (required)
* action = #E
* outcome 1..1
* outcomeDesc MS
* purposeOfEvent MS
* insert SliceBy(agent, type, open)
* agent 4..*
* agent contains
    client 1..1 and
    user 1..1 and
    userorg 1..1 and
    authorizer 1..1
* agent[client].type 1..1
* agent[client].type = $dcm#110150
* agent[client].role 0..0
* agent[client].who 1..1
* agent[client].altId 0..0
* agent[client].name 0..0
* agent[client].location 0..0
* agent[client].policy MS
* agent[client].media 0..0
* agent[client].network 1..1
* agent[client].purposeOfUse 0..0
* agent[user].type 1..1
* agent[user].type = $participation#IRCP
* agent[user].role MS
* agent[user].who 1..1
* agent[user].altId 0..0
* agent[user].name MS
* agent[user].requestor = true
* agent[user].location 0..0
* agent[user].policy MS
* agent[user].media 0..0
* agent[user].network 0..0
* agent[user].purposeOfUse MS
* insert Belonging(userorg)
* agent[userorg].type = $roleClass#PROV
* agent[userorg].who 1..1 MS
* agent[userorg].purposeOfUse MS
* insert Belonging(authorizer)
* agent[authorizer] obeys val-audit-source
* agent[authorizer].type = $security#authserver
* agent[authorizer].who 1..1
* agent[authorizer].purposeOfUse 0..0
* insert SliceBy(entity, type, closed)
* entity 2..*
* entity contains
    patient 1..1 and
    consent 1..* and
    token 0..1
* insert PatientEntity
* entity[consent].what 1..1 MS
* entity[consent].type 1..1
* entity[consent].type = $resources#Consent
* entity[token].what 1..1
* entity[token].what.identifier 1..1
* entity[token].what.identifier.value 1..1
* entity[token].type 1..1
* entity[token].type = $agents#UserOauthAgent

Profile: AuditGetAccessToken
Parent: AuditEvent
Id: IHE.IUA.71
Title: "An access token was asked for (ITI-71)"
Description: "Recorded by client or authorization server; the request and the token stand in entities, never the secret itself."
* type = $dcm#110114
* subtype 1..1
* subtype = $event#ITI-71
* action = #E
* outcome 1..1
* outcome = #0
* source MS
* insert SliceBy(agent, type, closed)
* agent 2..3
* agent contains
    client 1..1 and
    auth-server 1..1 and
    user 0..1
* agent[client].type 1..1
* agent[client].type = $dcm#110150
* agent[client].who 1..1
* agent[client].media 0..0
* agent[client].network 1..1
* agent[auth-server].type 1..1
* agent[auth-server].type = $agents#AuthzOauthService
* agent[auth-server].who 1..1
* agent[auth-server].media 0..0
* agent[auth-server].network 1..1
* agent[user].type 1..1
* agent[user].type = $participation#IRCP
* agent[user].role MS
* agent[user].who 1..1
* agent[user].altId 0..0
* agent[user].name MS
* agent[user].requestor = true
* agent[user].media 0..0
* agent[user].network 0..0
* agent[user].purposeOfUse MS
* insert SliceBy(entity, role, closed)
* entity 1..1
* entity contains
    token-request 1..1 and
    token-response 0..1
* entity[token-request].what 0..0
* entity[token-request].type 1..1
* entity[token-request].type = $entity#2
* entity[token-request].role 1..1
* entity[token-request].role = $role#24
* entity[token-request].query 1..1
* entity[token-response].what 1..1
* entity[token-response].type 1..1
* entity[token-response].type = $entity#2
* entity[token-response].role 1..1
* entity[token-response].role = $role#13
* entity[token-response].detail 1..*
