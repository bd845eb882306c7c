Alias: $J02 = https://mos.esante.gouv.fr/NOS/JDV_J02-XdsHealthcareFacilityTypeCode-CISIS/FHIR/JDV-J02-XdsHealthcareFacilityTypeCode-CISIS
Alias: $J04 = https://mos.esante.gouv.fr/NOS/JDV_J04-XdsPracticeSettingCode-CISIS/FHIR/JDV-J04-XdsPracticeSettingCode-CISIS
Alias: $J06 = https://mos.esante.gouv.fr/NOS/JDV_J06-XdsClassCode-CISIS/FHIR/JDV-J06-XdsClassCode-CISIS
Alias: $J07 = https://mos.esante.gouv.fr/NOS/JDV_J07-XdsTypeCode-CISIS/FHIR/JDV-J07-XdsTypeCode-CISIS
Alias: $J10 = https://mos.esante.gouv.fr/NOS/JDV_J10-XdsFormatCode-CISIS/FHIR/JDV-J10-XdsFormatCode-CISIS
Alias: $J57 = https://mos.esante.gouv.fr/NOS/JDV_J57-ClassCode-DMP/FHIR/JDV-J57-ClassCode-DMP
Alias: $J58 = https://mos.esante.gouv.fr/NOS/JDV_J58-ConfidentialityCode-DMP/FHIR/JDV-J58-ConfidentialityCode-DMP
Alias: $J59 = https://mos.esante.gouv.fr/NOS/JDV_J59-ContentTypeCode-DMP/FHIR/JDV-J59-ContentTypeCode-DMP
Alias: $J60 = https://mos.esante.gouv.fr/NOS/JDV_J60-FormatCode-DMP/FHIR/JDV-J60-FormatCode-DMP
Alias: $J66 = https://mos.esante.gouv.fr/NOS/JDV_J66-TypeCode-DMP/FHIR/JDV-J66-TypeCode-DMP

// The value set of the DMP first, and the framework's, whose publications are newer.

ValueSet: FrClassCode
Id: fr-class-code
Title: "classCode in the record"
Description: "JDV_J57 and JDV_J06."
* ^experimental = false
* include codes from valueset $J57
* include codes from valueset $J06

ValueSet: FrTypeCode
Id: fr-type-code
Title: "typeCode in the record"
Description: "JDV_J66 and JDV_J07."
* ^experimental = false
* include codes from valueset $J66
* include codes from valueset $J07

ValueSet: FrFormatCode
Id: fr-format-code
Title: "formatCode in the record"
Description: "JDV_J60 and JDV_J10."
* ^experimental = false
* include codes from valueset $J60
* include codes from valueset $J10

Invariant: fr-ins-number
Description: "The number of an INS is 13 characters and a key of two digits, without spaces."
Severity: #error
Expression: "value.matches('^[1-478][0-9]{4}([0-9]{2}|2[AB])[0-9]{6}[0-9]{2}$')"

Invariant: fr-ins-present
Description: "A patient of the record has an INS."
Severity: #error
Expression: "identifier.where(system in ('urn:oid:1.2.250.1.213.1.4.8' | 'urn:oid:1.2.250.1.213.1.4.9' | 'urn:oid:1.2.250.1.213.1.4.10' | 'urn:oid:1.2.250.1.213.1.4.11')).exists()"

Invariant: fr-ins-subject
Description: "The patient is named by the INS, or by a reference to a Patient."
Severity: #error
Expression: "identifier.exists() implies (identifier.system in ('urn:oid:1.2.250.1.213.1.4.8' | 'urn:oid:1.2.250.1.213.1.4.9' | 'urn:oid:1.2.250.1.213.1.4.10' | 'urn:oid:1.2.250.1.213.1.4.11'))"

Invariant: fr-ins-traits
Description: "A patient who is contained with an INS has the traits that go with it: birth name, given name, birth date and sex."
Severity: #error
Expression: "contained.where(identifier.where(system in ('urn:oid:1.2.250.1.213.1.4.8' | 'urn:oid:1.2.250.1.213.1.4.9' | 'urn:oid:1.2.250.1.213.1.4.10' | 'urn:oid:1.2.250.1.213.1.4.11')).exists()).all(name.family.exists() and name.given.exists() and birthDate.exists() and gender.exists())"

Invariant: fr-level
Description: "Exactly one level of confidentiality (N, R or V) stands among the labels, whatever visibilities do."
Severity: #error
Expression: "securityLabel.coding.where(system = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality').count() = 1"

Invariant: fr-language
Description: "French documents say fr-FR; a signature says art."
Severity: #warning
Expression: "$this in ('fr-FR' | 'art')"

Invariant: fr-document-oid
Description: "The uniqueId of a document is an OID, the id of the CDA document."
Severity: #error
Expression: "value.startsWith('urn:oid:') or system.startsWith('urn:oid:')"

Invariant: fr-replaced
Description: "A document that replaces another goes with the PATCH that supersedes the other."
Severity: #error
Expression: "entry.resource.where($this is DocumentReference).relatesTo.where(code = 'replaces').exists() implies entry.where(request.method = 'PATCH').exists()"

Profile: InsIdentifier
Parent: Identifier
Id: fr-ins-identifier
Title: "INS: the national health identity"
Description: "The number of a patient, qualified by one of the authorities; the key is not computed, since test identities have wrong ones."
* system 1..1
* value 1..1
* . obeys fr-ins-number

Profile: RecordPatient
Parent: Patient
Id: fr-dmp-patient
Title: "A patient of the DMP"
Description: "One INS, by one of its four authorities, with the traits that go with it."
* . obeys fr-ins-present
* identifier 1..*
* identifier ^slicing.discriminator.type = #value
* identifier ^slicing.discriminator.path = "system"
* identifier ^slicing.rules = #open
* identifier contains
    ins-nir 0..1 and
    ins-nia 0..1 and
    ins-test 0..1 and
    ins-demonstration 0..1
* identifier[ins-nir] only InsIdentifier
* identifier[ins-nir].system = "urn:oid:1.2.250.1.213.1.4.8" (exactly)
* identifier[ins-nia] only InsIdentifier
* identifier[ins-nia].system = "urn:oid:1.2.250.1.213.1.4.9" (exactly)
* identifier[ins-test] only InsIdentifier
* identifier[ins-test].system = "urn:oid:1.2.250.1.213.1.4.10" (exactly)
* identifier[ins-demonstration] only InsIdentifier
* identifier[ins-demonstration].system = "urn:oid:1.2.250.1.213.1.4.11" (exactly)
* name 1..*
* name.family 1..1
* name.given 1..*
* birthDate 1..1
* gender 1..1

Profile: RecordDocumentReference
Parent: PdsmDocumentReference
Id: fr-dmp-document-reference
Title: "A document of the DMP"
Description: "A fiche of PDSm whose codes are those of the DMP and whose patient is named by the INS."
* . obeys fr-ins-traits and fr-level
* masterIdentifier obeys fr-document-oid
* type from FrTypeCode (required)
* category from FrClassCode (required)
* subject obeys fr-ins-subject
* authenticator 1..1
* securityLabel from $J58 (required)
* content.attachment.language obeys fr-language
* content.format from FrFormatCode (required)
* context.facilityType from $J02 (required)
* context.practiceSetting from $J04 (required)

Profile: RecordSubmissionSet
Parent: PdsmSubmissionSet
Id: fr-dmp-submission-set
Title: "A submission to the DMP"
Description: "A lot de soumission of PDSm whose content type is one of the DMP."
* extension[designationType].value[x] from $J59 (required)
* subject obeys fr-ins-subject

Profile: RecordProvideBundle
Parent: PdsmProvideBundle
Id: fr-dmp-provide-bundle
Title: "TD2: documents for the DMP"
Description: "ITI-65 to the DMP: at least one document, no Patient, a replacement with its PATCH."
* . obeys fr-replaced
* entry[SubmissionSet].resource only RecordSubmissionSet
* entry[DocumentRefs] 1..*
* entry[DocumentRefs].resource ^type.profile = "https://fhir-xds-gateway.example/StructureDefinition/fr-dmp-document-reference"
* entry[Patient] 0..0
