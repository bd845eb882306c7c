Alias: $uri = urn:ietf:rfc:3986
Alias: $listTypes = https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes
Alias: $identifierTypes = https://profiles.ihe.net/ITI/MHD/CodeSystem/IHE.MHD.MHDIdentifierType
Alias: $event = urn:ihe:event-type-code
Alias: $dcm = http://dicom.nema.org/resources/ontology/DCM
Alias: $entity = http://terminology.hl7.org/CodeSystem/audit-entity-type
Alias: $role = http://terminology.hl7.org/CodeSystem/object-role
