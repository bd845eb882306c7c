Invariant: mhd-startswithuuid
Description: "An entryUUID is written as urn:uuid: and the UUID."
Severity: #error
Expression: "startsWith('urn:uuid:')"

Invariant: mhd-startswithoid
Description: "The uniqueId of a SubmissionSet is an OID, written as urn:oid: and the OID."
Severity: #error
Expression: "startsWith('urn:oid:')"

Profile: EntryUuidIdentifier
Parent: Identifier
Id: IHE.MHD.EntryUUID.Identifier
Title: "entryUUID as an Identifier"
Description: "The registry's identifier of one version of an XDS object."
* type 1..1
* type = $identifierTypes#entryUUID
* system 1..1
* system = $uri (exactly)
* value 1..1
* value obeys mhd-startswithuuid

Profile: UniqueIdIdentifier
Parent: Identifier
Id: IHE.MHD.UniqueIdIdentifier
Title: "uniqueId as an Identifier"
Description: "The identifier of a document, SubmissionSet or Folder, whatever its system."
* type 1..1
* type = $identifierTypes#uniqueId
* system 1..1
* value 1..1

Profile: SubmissionSetUniqueIdIdentifier
Parent: UniqueIdIdentifier
Id: IHE.MHD.SubmissionSetUniqueIdIdentifier
Title: "uniqueId of a SubmissionSet as an Identifier"
Description: "XDS allows nothing but an OID here."
* system = $uri (exactly)
* value obeys mhd-startswithoid
