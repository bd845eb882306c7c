Alias: $scope = http://terminology.hl7.org/CodeSystem/consentscope
Alias: $participation = http://terminology.hl7.org/CodeSystem/v3-ParticipationType
Alias: $reason = http://terminology.hl7.org/CodeSystem/v3-ActReason
Alias: $act = http://terminology.hl7.org/CodeSystem/v3-ActCode
Alias: $confidentiality = http://terminology.hl7.org/CodeSystem/v3-Confidentiality

ValueSet: BasicPurposeVS
Id: BasicPurposeVS
Title: "Purposes every consent service knows"
Description: "Treatment, payment and operations."
* ^experimental = false
* $reason#TREAT
* $reason#HPAYMT
* $reason#HOPERAT

ValueSet: AdvancedSecurityTagVS
Id: AdvancedSecurityTagVS
Title: "Labels an advanced consent can name"
Description: "Two levels of confidentiality and the sensitivities that stigmatize."
* ^experimental = false
* $confidentiality#N
* $confidentiality#R
* $act#ETH
* $act#ETHUD
* $act#OPIOIDUD
* $act#PSY
* $act#SDV
* $act#HIV

Profile: FoundationConsent
Parent: Consent
Id: IHE.PCF.consentFoundation
Title: "What all consents of PCF share"
Description: "Who consented to which policy, when, before whom, and a provision of at most two levels."
* scope = $scope#patient-privacy
* patient 1..1
* dateTime 1..1
* performer 1..*
* organization 1..*
* source[x] 1..1
* policy.uri 1..1
* verification 0..0
* provision 1..1
* provision.type 1..1
* provision.period MS
* provision.actor MS
* provision.actor.role = $participation#IRCP
* provision.purpose MS
* provision.action 0..0
* provision.class 0..0
* provision.code 0..0
* provision.provision.provision 0..0

// The form of data that the two upper levels allow, at the root or in an exception.
RuleSet: Data(path)
* {path}data MS
* {path}data ^slicing.discriminator.type = #value
* {path}data ^slicing.discriminator.path = "meaning"
* {path}data ^slicing.rules = #closed
* {path}data contains
    instance 0..* and
    related 0..* and
    authoredby 0..*
* {path}data[instance].meaning = #instance
* {path}data[related].meaning = #related
* {path}data[related].reference only Reference(Encounter or CarePlan or EpisodeOfCare)
* {path}data[authoredby].meaning = #authoredby
* {path}data[authoredby].reference only Reference(Practitioner or PractitionerRole or Organization or Device or Group or CareTeam or Patient or RelatedPerson)

Profile: BasicConsent
Parent: FoundationConsent
Id: IHE.PCF.consentBasic
Title: "Consent to a policy as a whole"
Description: "For some time, some readers and some purposes; no data are singled out."
* provision.purpose from BasicPurposeVS (extensible)
* provision.securityLabel 0..0
* provision.dataPeriod 0..0
* provision.data 0..0
* provision.provision 0..0

Profile: IntermediateConsent
Parent: FoundationConsent
Id: IHE.PCF.consentIntermediate
Title: "Consent that singles out data"
Description: "By document, author, time or relation; exceptions to the base rule are nested one level deep."
* provision.securityLabel 0..0
* provision.dataPeriod MS
* insert Data(provision.)
* provision.provision.securityLabel 0..0
* provision.provision.dataPeriod MS
* provision.provision.purpose MS
* insert Data(provision.provision.)

Profile: AdvancedConsent
Parent: FoundationConsent
Id: IHE.PCF.consentAdvanced
Title: "Consent that singles out labels"
Description: "Like the intermediate one, and by confidentiality or sensitivity."
* provision.securityLabel from AdvancedSecurityTagVS (extensible)
* insert Data(provision.)
* provision.provision.securityLabel from AdvancedSecurityTagVS (extensible)
* provision.provision.purpose MS
* insert Data(provision.provision.)
