"""What the rules of codes, references, extensions, profiles and limits are called, weigh and say.

Source:
    HL7 FHIR R4: 4.1 Using codes in resources, 2.3.0.1 References, 2.4 Extensibility.
"""

from __future__ import annotations

from gateway.validation.fhir.rule_texts import ERROR, INFORMATION, WARNING, Text
from gateway.validation.issue import IssueKind

_S = IssueKind.STRUCTURE
_T = IssueKind.TYPE
_V = IssueKind.VALUE
_B = IssueKind.BINDING
_R = IssueKind.REFERENCE
_N = IssueKind.NOT_CHECKED

CODES: dict[str, Text] = {
    "fhir-binding-required": Text(
        _B,
        ERROR,
        "{found} is not in {value_set}, and the element takes its codes only from there{hint}.",
        "{found} n'est pas dans {value_set}, dont l'élément tire tous ses codes{hint}.",
        "A code of a required binding is in the value set",
        "Un code à liaison obligatoire est dans le jeu de valeurs",
        "The binding is required: one of the codings must be in the value set, text alone does "
        "not do.",
        "HL7 FHIR R4: 4.1.5 Binding strengths",
    ),
    "fhir-binding-extensible": Text(
        _B,
        WARNING,
        "{found} is not in {value_set}; other codes are for what none in there can say{hint}.",
        "{found} n'est pas dans {value_set} ; un autre code n'est permis que pour un concept "
        "absent du jeu{hint}.",
        "A code of an extensible binding is in the value set where that has one for it",
        "Un code à liaison extensible est dans le jeu de valeurs s'il y figure",
        "Whether the value set has a code for the concept is for a person to judge, hence a "
        "warning.",
        "HL7 FHIR R4: 4.1.5 Binding strengths",
    ),
    "fhir-binding-preferred": Text(
        _B,
        INFORMATION,
        "{found} is not in {value_set}, which is preferred here{hint}.",
        "{found} n'est pas dans {value_set}, préféré ici{hint}.",
        "A code of a preferred binding comes from the value set",
        "Un code à liaison préférée vient du jeu de valeurs",
        "Nothing is wrong; codes of the value set are understood by more receivers.",
        "HL7 FHIR R4: 4.1.5 Binding strengths",
    ),
    "fhir-binding-not-checked": Text(
        _N,
        INFORMATION,
        "Whether {found} is in {value_set} was not checked: {problem}.",
        "La présence de {found} dans {value_set} n'a pas été vérifiée : {problem}.",
        "A code could not be checked",
        "Un code n'a pu être vérifié",
        "The content of SNOMED CT, LOINC, UCUM and other code systems is not at hand; nothing "
        "goes to a terminology server.",
        "HL7 FHIR R4: 4.1 Using codes in resources",
    ),
    "fhir-code-unknown": Text(
        _B,
        ERROR,
        "{found} is no code of {system}; see its list of codes.",
        "{found} n'est pas un code de {system} ; consultez sa liste.",
        "A coding's code exists in its system",
        "Le code existe dans son système",
        "The code system is at hand and complete, and it has no such code.",
        "HL7 FHIR R4: Coding.code; 4.1 Using codes in resources",
    ),
    "fhir-coding-system": Text(
        _B,
        ERROR,
        "The system {found} is no absolute URL; give the code system's canonical URL.",
        "Le système {found} n'est pas une URL absolue ; donnez l'URL canonique du système.",
        "A coding's system is absolute",
        "Le système d'un code est absolu",
        "Coding.system names a code system by its canonical URL, or an OID or UUID as URN.",
        "HL7 FHIR R4: Coding.system",
    ),
    "fhir-coding-value-set": Text(
        _B,
        ERROR,
        "The system {found} is a value set; name the code system the code comes from.",
        "Le système {found} est un jeu de valeurs ; nommez le système dont vient le code.",
        "A coding's system is a code system",
        "Le système d'un code est un système de codes",
        "A value set selects codes, a code system defines them; the code is given with the latter.",
        "HL7 FHIR R4: Coding.system",
    ),
    "fhir-attachment-size": Text(
        _V,
        ERROR,
        "size says {expected} octets, data has {found}; correct size.",
        "size annonce {expected} octets, data en contient {found} ; corrigez size.",
        "An attachment's size is that of its data",
        "La taille d'une pièce jointe est celle de ses données",
        "size counts the octets before base64.",
        "HL7 FHIR R4: Attachment.size",
    ),
    "fhir-display": Text(
        _B,
        WARNING,
        "{found} is shown as {display}; its code system calls it {expected}.",
        "{found} est affiché {display} ; son système l'appelle {expected}.",
        "A display is the code system's own",
        "Le libellé est celui du système de codes",
        "Readers trust the display; one that says something else than the code is dangerous.",
        "HL7 FHIR R4: Coding.display",
    ),
    "fhir-reference-target": Text(
        _R,
        ERROR,
        "{found} refers to {type}; {expected} is expected.",
        "{found} désigne {type} ; {expected} est attendu.",
        "A reference points to a type its element allows",
        "Une référence désigne un type permis",
        "The type is taken from the resource where it is in the message, else from the URL or "
        "from Reference.type.",
        "HL7 FHIR R4: ElementDefinition.type.targetProfile",
    ),
    "fhir-reference-profile": Text(
        _R,
        ERROR,
        "The resource {found} points to does not fit {expected}: {problem}",
        "La ressource désignée par {found} ne respecte pas {expected} : {problem}",
        "The target of a reference fits the profile asked for",
        "La cible d'une référence respecte le profil demandé",
        "Checked where the target is in the message: contained, or in the same Bundle.",
        "HL7 FHIR R4: ElementDefinition.type.targetProfile",
    ),
    "fhir-reference-unresolved": Text(
        _R,
        ERROR,
        "{found} points to nothing in this resource; contain the target, or correct the id.",
        "{found} ne désigne rien dans cette ressource ; incluez la cible ou corrigez l'id.",
        "A reference into the resource finds its target",
        "Une référence interne trouve sa cible",
        "A reference that begins with # names a contained resource of the same resource.",
        "HL7 FHIR R4: 2.3.0.1 References; 2.29.4 Contained resources",
    ),
    "fhir-reference-aggregation": Text(
        _R,
        ERROR,
        "{found} is {actual}; the profile asks for a reference that is {expected}.",
        "{found} est {actual} ; le profil demande une référence {expected}.",
        "A reference is contained, bundled or external as the profile says",
        "Une référence est incluse, groupée ou externe selon le profil",
        "ElementDefinition.type.aggregation limits where the target may be.",
        "HL7 FHIR R4: ElementDefinition.type.aggregation",
    ),
    "fhir-reference-form": Text(
        _R,
        ERROR,
        "{found} is no reference: a URL, Type/id or #id is expected.",
        "{found} n'est pas une référence : URL, Type/id ou #id attendu.",
        "A reference has a form that can be followed",
        "Une référence a une forme utilisable",
        "Relative references are Type/id with a type of FHIR R4; others are absolute URLs.",
        "HL7 FHIR R4: 2.3.0.1 References",
    ),
    "fhir-extension-unknown": Text(
        _N,
        WARNING,
        "The extension {found} is in none of the packages; its content was checked as any "
        "extension's only.",
        "L'extension {found} n'est dans aucun paquet ; seul son contenu général a été vérifié.",
        "An extension's definition is at hand",
        "La définition d'une extension est disponible",
        "Add the package that defines the extension to have its type and place checked.",
        "HL7 FHIR R4: 2.4 Extensibility",
    ),
    "fhir-extension-undefined": Text(
        _S,
        ERROR,
        "The extension {found} does not exist: its URL is of the FHIR specification, which has "
        "none such; correct the URL.",
        "L'extension {found} n'existe pas : son URL est celle de la spécification FHIR, qui n'en "
        "a pas de telle ; corrigez l'URL.",
        "An extension of the specification exists",
        "Une extension de la spécification existe",
        "URLs below http://hl7.org/fhir/StructureDefinition/ belong to the specification; all of "
        "its R4 extensions are known.",
        "HL7 FHIR R4: 2.4 Extensibility",
    ),
    "fhir-extension-context": Text(
        _S,
        ERROR,
        "The extension {found} stands on {where}; it is made for {expected}.",
        "L'extension {found} se trouve sur {where} ; elle est faite pour {expected}.",
        "An extension stands where it may be used",
        "Une extension est utilisée à sa place",
        "A definition of an extension says on which elements it means something.",
        "HL7 FHIR R4: StructureDefinition.context",
    ),
    "fhir-extension-modifier": Text(
        _S,
        ERROR,
        "The extension {found} {actual}; put it into {expected}.",
        "L'extension {found} {actual} ; placez-la dans {expected}.",
        "Modifier extensions are in modifierExtension, others in extension",
        "Les extensions modificatrices sont dans modifierExtension, les autres dans extension",
        "A receiver must be able to see from the place alone whether it may ignore an extension.",
        "HL7 FHIR R4: 2.4.0.2 Modifier extensions",
    ),
    "fhir-extension-url": Text(
        _S,
        ERROR,
        "The extension's url {found} is not absolute; only parts of another extension have "
        "relative ones.",
        "L'url {found} de l'extension n'est pas absolue ; seules les parties d'une autre "
        "extension en ont de relatives.",
        "An extension's url is absolute",
        "L'url d'une extension est absolue",
        "The url is the canonical URL of the definition.",
        "HL7 FHIR R4: Extension.url",
    ),
    "fhir-profile-unknown": Text(
        _N,
        WARNING,
        "Not checked against {found}: {problem}; add the package that has it with its snapshot.",
        "Non vérifié selon {found} : {problem} ; ajoutez le paquet qui le contient avec son "
        "instantané.",
        "A profile's definition is at hand",
        "La définition d'un profil est disponible",
        "The resource claims a profile, or an element asks for one, that no package defines, or "
        "that has no snapshot.",
        "HL7 FHIR R4: Meta.profile; StructureDefinition.snapshot",
    ),
    "fhir-profile-type": Text(
        _T,
        ERROR,
        "{found} is a profile of {type}, not of {expected}; remove the claim, or correct it.",
        "{found} est un profil de {type}, non de {expected} ; retirez ou corrigez la mention.",
        "A resource claims profiles of its own type",
        "Une ressource se réclame de profils de son type",
        "meta.profile, and a profile asked for, must constrain the resource's type.",
        "HL7 FHIR R4: Meta.profile",
    ),
    "fhir-profile-none": Text(
        _T,
        ERROR,
        "{name} fits none of the profiles {expected}: {problem}",
        "{name} ne respecte aucun des profils {expected} : {problem}",
        "A value fits one of the profiles of its type",
        "Une valeur respecte un des profils de son type",
        "Where several profiles are given, one of them must hold.",
        "HL7 FHIR R4: ElementDefinition.type.profile",
    ),
    "fhir-invariant-not-checked": Text(
        _N,
        INFORMATION,
        "The constraint {key} was not evaluated: {problem}.",
        "La contrainte {key} n'a pas été évaluée : {problem}.",
        "A constraint could not be evaluated",
        "Une contrainte n'a pu être évaluée",
        "Its FHIRPath uses something that is not at hand offline, or that the engine lacks.",
        "HL7 FHIR R4: ElementDefinition.constraint",
    ),
    "fhir-differential": Text(
        _S,
        ERROR,
        "The differential does not fit its base: {problem}; correct the path, or the base.",
        "Le différentiel ne correspond pas à sa base : {problem} ; corrigez le chemin ou la base.",
        "A differential fits its base",
        "Un différentiel correspond à sa base",
        "Every element of a differential is one of the base, a slice of one, or inside the type "
        "of one, and cannot fix what the base fixes otherwise.",
        "HL7 FHIR R4: 5.1.0.3 Differential and snapshot",
    ),
    "fhir-search-type": Text(
        _V,
        ERROR,
        "The type is {found}; the search parameter {name} is of type {expected}.",
        "Le type est {found} ; le paramètre de recherche {name} est de type {expected}.",
        "A search parameter has the type of its definition",
        "Un paramètre de recherche a le type de sa définition",
        "A client builds its query after the type; the definition decides.",
        "HL7 FHIR R4: SearchParameter.derivedFrom; CapabilityStatement searchParam.type",
    ),
    "fhir-search-base": Text(
        _V,
        ERROR,
        "{found} is not a base of {name}, which is for {expected}.",
        "{found} n'est pas une base de {name}, prévu pour {expected}.",
        "A derived search parameter is for resources of the one it is derived from",
        "Un paramètre dérivé porte sur les ressources de son parent",
        "Deriving narrows; it cannot make a parameter search other resources.",
        "HL7 FHIR R4: SearchParameter.derivedFrom",
    ),
    "fhir-too-deep": Text(
        _N,
        ERROR,
        "{name} is nested more than {expected} levels deep; what is below was not checked.",
        "{name} est imbriqué sur plus de {expected} niveaux ; la suite n'a pas été vérifiée.",
        "A resource is not nested without end",
        "Une ressource n'est pas imbriquée sans fin",
        "A bound that protects the validator; no real resource comes near it.",
        "gateway: limits of the validator",
    ),
    "fhir-too-many": Text(
        _N,
        ERROR,
        "More than {expected} problems were found; the rest is not listed. Repair and try again.",
        "Plus de {expected} problèmes trouvés ; la suite n'est pas listée. Corrigez et "
        "recommencez.",
        "Not more problems than anyone reads",
        "Pas plus de problèmes qu'on n'en lit",
        "A bound that protects the validator and its reader.",
        "gateway: limits of the validator",
    ),
    "validate-id": Text(
        _V,
        ERROR,
        "The id is not {expected}, which the address of the update names.",
        "L'id n'est pas {expected}, que nomme l'adresse de la mise à jour.",
        "An update has the id of what it updates",
        "Une mise à jour porte l'id de ce qu'elle met à jour",
        "The operation $validate with mode update judges what would be put in the place of the "
        "resource at that address.",
        "HL7 FHIR R4: 3.1.0.4 update",
    ),
    "validate-mode": Text(
        _N,
        INFORMATION,
        "Only the content was judged: whether its ids are free, what it links with and who may "
        "{found} it is looked at when it comes.",
        "Seul le contenu a été jugé : la disponibilité des identifiants, les liens et les droits "
        "({found}) sont vérifiés à la réception.",
        "What $validate does not foresee",
        "Ce que $validate ne prévoit pas",
        "What the registry holds may change until the resource comes.",
        "HL7 FHIR R4: resource-operation-validate",
    ),
}
