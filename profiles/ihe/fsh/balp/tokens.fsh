// Which identity of a user the token of a request gave. Each is an addition to the pattern of the event.

Extension: AssuranceLevel
Id: ihe-assuranceLevel
Title: "assuranceLevel"
Description: "How sure the issuer of a token was of the user's identity."
Context: AuditEvent.agent
* value[x] 1..1
* value[x] only CodeableConcept
* valueCodeableConcept from http://terminology.hl7.org/ValueSet/v3-SecurityTrustAssuranceObservationValue (preferred)

Extension: OtherId
Id: ihe-otherId
Title: "otherId"
Description: "A further identifier of the user, beside the one in who."
Context: AuditEvent.agent
* value[x] 1..1
* value[x] only Identifier
* valueIdentifier.type 1..1
* valueIdentifier.type from OtherIdentifierTypesVS (required)
* valueIdentifier.value 1..1

Profile: AuditOpaqueToken
Parent: AuditEvent
Id: IHE.BasicAudit.OAUTHaccessTokenUse.Opaque
Title: "User of an OAuth token nobody could read"
Description: "The last 32 characters of the token stand in agent.policy."
* insert SliceBy(agent, type, open)
* agent contains oUser 1..*
* agent[oUser].type 1..1
* agent[oUser].type = $agents#UserOauthAgent
* agent[oUser].requestor = true
* agent[oUser].policy 1..1 MS
* agent[oUser].purposeOfUse MS

Profile: AuditMinimalOAuthToken
Parent: AuditEvent
Id: IHE.BasicAudit.OAUTHaccessTokenUse.Minimal
Title: "User of an OAuth token, by the token's id"
Description: "The claim jti stands in agent.policy; who it was can be asked of the issuer."
* insert SliceBy(agent, type, open)
* agent contains oUser 1..*
* agent[oUser].type 1..1
* agent[oUser].type = $agents#UserOauthAgent
* agent[oUser].requestor = true
* agent[oUser].policy 1..1
* agent[oUser].media 0..0
* agent[oUser].network 0..0

Profile: AuditComprehensiveOAuthToken
Parent: AuditEvent
Id: IHE.BasicAudit.OAUTHaccessTokenUse.Comprehensive
Title: "Client and user of an OAuth token, with what it says of them"
Description: "client_id, and where there is a user the identity, roles and purpose the token states."
* insert SliceBy(agent, type, open)
* agent contains
    oClient 1..1 and
    oUser 0..1
* agent[oClient].type 1..1
* agent[oClient].type = $dcm#110150
* agent[oClient].who 1..1
* agent[oClient].who.identifier 1..1
* agent[oClient].who.identifier.value 1..1
* agent[oClient].media 0..0
* agent[oClient].network MS
* agent[oUser].type 1..1
* agent[oUser].type = $participation#IRCP
* agent[oUser].role MS
* agent[oUser].who 1..1
* agent[oUser].who.identifier 1..1
* agent[oUser].who.identifier.system MS
* agent[oUser].who.identifier.value MS
* agent[oUser].who.display MS
* agent[oUser].name MS
* agent[oUser].requestor = true
* agent[oUser].policy 1..1
* agent[oUser].media 0..0
* agent[oUser].network 0..0
* agent[oUser].purposeOfUse MS

Profile: AuditMinimalSamlToken
Parent: AuditEvent
Id: IHE.BasicAudit.SAMLaccessTokenUse.Minimal
Title: "User of a SAML assertion"
Description: "The assertion's ID stands in agent.policy, issuer and NameID in agent.who."
* insert SliceBy(agent, type, open)
* agent contains user 1..*
* agent[user].type 1..1
* agent[user].type = $agents#UserSamlAgent
* agent[user].who 1..1
* agent[user].who.identifier.system MS
* agent[user].who.identifier.value 1..1 MS
* agent[user].altId 0..0
* agent[user].requestor = true
* agent[user].policy 1..1 MS
* agent[user].media 0..0
* agent[user].network 0..0
* agent[user].purposeOfUse MS

// An agent that says where the user belongs and did nothing itself.
RuleSet: Belonging(slice)
* agent[{slice}].type 1..1
* agent[{slice}].role 0..0
* agent[{slice}].altId 0..0
* agent[{slice}].name 0..0
* agent[{slice}].requestor = false
* agent[{slice}].location 0..0
* agent[{slice}].policy 0..0
* agent[{slice}].media 0..0
* agent[{slice}].network 0..0

Profile: AuditComprehensiveSamlToken
Parent: AuditMinimalSamlToken
Id: IHE.BasicAudit.SAMLaccessTokenUse.Comprehensive
Title: "User of a SAML assertion, with what it says of the user"
Description: "Assurance, further identifiers, organization, home community and the consent that was presented."
* agent[user].extension ^slicing.discriminator[0].type = #value
* agent[user].extension ^slicing.discriminator[0].path = "url"
* agent[user].extension ^slicing.discriminator[1].type = #value
* agent[user].extension ^slicing.discriminator[1].path = "value.ofType(Identifier).type"
* agent[user].extension ^slicing.rules = #open
* agent[user].extension contains
    AssuranceLevel named assuranceLevel 0..* MS and
    OtherId named otherId 0..* MS
* agent[user].extension[otherId] contains
    subject-id 0..* and
    npi 0..* and
    provider-id 0..*
* agent[user].extension[otherId][subject-id].valueIdentifier.type = $otherIds#SAML-subject-id
* agent[user].extension[otherId][npi].valueIdentifier.type = $v2#NPI
* agent[user].extension[otherId][provider-id].valueIdentifier.type = $v2#PRN
* agent[user].role MS
* agent contains
    userorg 0..* and
    homeCommunityId 0..*
* insert Belonging(userorg)
* agent[userorg].type = $roleClass#PROV
* agent[userorg].who.identifier.value 1..1
* agent[userorg].who.display 1..1
* agent[userorg].purposeOfUse 0..0
* insert Belonging(homeCommunityId)
* agent[homeCommunityId].type = $community#homeCommunityId
* agent[homeCommunityId].who.identifier 1..1
* agent[homeCommunityId].purposeOfUse 0..0
* insert SliceBy(entity, type, open)
* entity contains consent 0..*
* entity[consent].type 1..1
* entity[consent].type = $resources#Consent
* entity[consent].what.identifier MS
* insert SliceBy(entity[consent].detail, type, open)
* entity[consent].detail contains
    acp 0..1 and
    patient-id 0..1
* entity[consent].detail[acp].type = "urn:ihe:iti:xua:2012:acp"
* entity[consent].detail[acp].value[x] only string
* entity[consent].detail[patient-id].type = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
* entity[consent].detail[patient-id].value[x] only string
