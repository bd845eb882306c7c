RuleSet: Codes
* ^experimental = false
* ^caseSensitive = true

CodeSystem: UserAgentTypes
Id: UserAgentTypes
Title: "How an agent of an event was known"
Description: "Marks an agent whose identity was read from a token, and the server that issues tokens."
* ^experimental = false
* ^caseSensitive = false
* #UserSamlAgent "User SAML Agent participant" "The user a SAML assertion names."
* #UserOauthAgent "User OAuth Agent participant" "The user an OAuth access token names."
* #AuthzOauthService "OAuth Authorization Server" "Who issues access tokens."

CodeSystem: BasicAuditEntityType
Id: BasicAuditEntityType
Title: "Entities of an event that are no resources"
Description: "Kinds of AuditEvent.entity beside those of FHIR."
* insert Codes
* #XrequestId "transport specific unique identifier where http X-Request-Id is used" "The identifier that the header X-Request-Id gave one exchange."

CodeSystem: OtherIdentifierTypes
Id: OtherIdentifierTypes
Title: "Further identifiers of a user"
Description: "Types of identifiers that tokens carry and v2-0203 does not know."
* insert Codes
* #SAML-subject-id "SAML subject-id" "The attribute subject-id of XSPA."

CodeSystem: AuthZsubType
Id: AuthZsubType
Title: "Kinds of authorization decisions"
Description: "What a decision took into account."
* insert Codes
* #AuthZ-Consent "Authorization Decision using Roles and Consent" "The patient's consent was evaluated."
* #AuthZ-Role "Authorization Decision using only Roles" "No consent was looked at."

ValueSet: AuthZsubTypeVS
Id: AuthZsubTypeVS
Title: "Kinds of authorization decisions"
Description: "All of AuthZsubType."
* ^experimental = false
* include codes from system $decisions

ValueSet: BasicAuditEntityTypesVS
Id: BasicAuditEntityTypesVS
Title: "Entities of an event that are no resources"
Description: "All of BasicAuditEntityType."
* ^experimental = false
* include codes from system $entities

ValueSet: OtherIdentifierTypesVS
Id: OtherIdentifierTypesVS
Title: "Further identifiers of a user"
Description: "subject-id of SAML, the national provider identifier and the provider number."
* ^experimental = false
* include codes from system $otherIds
* $v2#NPI
* $v2#PRN

ValueSet: UserAgentTypesVS
Id: UserAgentTypesVS
Title: "How an agent of an event was known"
Description: "All of UserAgentTypes, and the home community of XCA."
* ^experimental = false
* include codes from system $agents
* $community#homeCommunityId "homeCommunityId"

ValueSet: AllReadVS
Id: AllReadVS
Title: "Interactions that read"
Description: "read and vread."
* ^experimental = false
* $rest#read
* $rest#vread

ValueSet: AllUpdateVS
Id: AllUpdateVS
Title: "Interactions that change"
Description: "update and patch."
* ^experimental = false
* $rest#update
* $rest#patch

ValueSet: AllSearchVS
Id: AllSearchVS
Title: "Interactions that search"
Description: "search, search-type and search-system."
* ^experimental = false
* $rest#search
* $rest#search-type
* $rest#search-system

ValueSet: DataSources
Id: DataSources
Title: "Parts a user plays when data come in"
Description: "Author, informant or custodian of what is written."
* ^experimental = false
* $participation#AUT
* $participation#INF
* $participation#CST

ValueSet: RestObjectRoles
Id: RestObjectRoles
Title: "Parts a resource plays in an event"
Description: "Domain resource, report or job."
* ^experimental = false
* $role#3
* $role#4
* $role#20
