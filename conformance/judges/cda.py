"""Clinical documents: safe XML, the schema if there is one, the profile's rules, official ones."""

from __future__ import annotations

from conformance.judges.context import SCHEMATRONS, Context
from conformance.judges.judged import Judged, not_checked


def judge(octets: bytes, context: Context) -> Judged:
    """Judge a document by everything the context has for it.

    Args:
        octets: The document.
        context: Its profile's rule sets, an official folder of them, an XML schema.
    """
    judged = context.cda.judge(octets)
    findings = list(judged.issues)
    against = [name for name in (context.against, *judged.against) if name]
    if not context.folders(SCHEMATRONS):
        findings.append(
            not_checked(
                "cda-no-rules",
                "the profile has no rules for clinical documents, so the header was not held to "
                "those of any country; name the country's profile",
                message_fr="le profil n'a pas de règles pour les documents cliniques : l'en-tête "
                "n'a été soumis à celles d'aucun pays ; indiquer le profil du pays",
            )
        )
    if context.xsd is None:
        findings.append(
            not_checked(
                "cda-no-schema",
                "no XML schema was given, so the structure of the document was not checked",
                message_fr="aucun schéma XML n'est donné : la structure du document n'a pas été "
                "vérifiée",
            )
        )
    return Judged(findings=tuple(findings), against=tuple(dict.fromkeys(against)))
