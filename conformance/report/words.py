"""The words around findings, in each language a report is written in.

The findings themselves come in both languages from the rules (:meth:`Issue.says`). A key is the
English text, so that a form reads like what it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Words = Callable[[str], str]

_FR: Mapping[str, str] = {
    "pass": "conforme",
    "fail": "non conforme",
    "skip": "non exécuté",
    "skipped": "non exécutés",
    "not carried out": "sans résultat",
    "test": "test",
    "tests": "tests",
    "error": "erreur",
    "sent": "envoyé",
    "received": "reçu",
    "warning": "avertissement",
    "information": "information",
    "errors": "erreurs",
    "warnings": "avertissements",
    "problem": "lecture impossible",
    "line": "ligne",
    "lines": "lignes",
    "column": "colonne",
    "file": "fichier",
    "files": "fichiers",
    "passed": "conformes",
    "failed": "non conformes",
    "not readable": "illisibles",
    "source": "source",
    "profile": "profil",
    "element": "élément",
    "against": "comparé à",
    "not checked": "non vérifié",
    "nothing to report": "rien à signaler",
    "left out": "laissés de côté",
    "findings left out": "constats non affichés",
    "remark": "remarque",
    "remarks": "remarques",
    "not judged": "non vérifiés",
    "Conformance report": "Rapport de conformité",
    "Skip to the findings": "Aller aux constats",
    "Light": "Clair",
    "Dark": "Sombre",
    "{shown} of {total} shown": "{shown} sur {total} affichés",
    "Written by {engine}": "Rédigé par {engine}",
    "Filter": "Filtre",
    "Show only": "Afficher seulement",
    "All": "Tous",
    "Rule, place, file or text ( / )": "Règle, emplacement, fichier ou texte ( / )",
    "Fold or unfold all": "Plier ou déplier tout",
    "Nothing matches the filter.": "Rien ne correspond au filtre.",
    "Started": "Début",
    "Fails at": "Échec à partir de",
    "Suite": "Outil",
    "Findings": "Constats",
    "Rules": "Règles",
    "Files": "Fichiers",
    "File": "Fichier",
    "Kind": "Type",
    "Verdict": "Verdict",
    "Left out": "Laissés de côté",
    "Files that are no message of a known kind:": "Fichiers qui ne sont d'aucun type connu :",
    "Nothing could be judged": "Rien n'a pu être vérifié",
    "Not every file could be judged": "Certains fichiers n'ont pas pu être vérifiés",
    "The file passes": "Le fichier est conforme",
    "The file fails": "Le fichier n'est pas conforme",
    "All {files} files pass": "Les {files} fichiers sont conformes",
    "All {files} files fail": "Aucun des {files} fichiers n'est conforme",
    "1 of {files} files fails": "1 fichier sur {files} n'est pas conforme",
    "{failed} of {files} files fail": "{failed} fichiers sur {files} ne sont pas conformes",
    "Compared with": "Comparé à",
    "Not checked": "Non vérifié",
    "Nothing was found.": "Rien à signaler.",
    "line {line}, column {column}": "ligne {line}, colonne {column}",
    "The payload is too long to be shown here.": "Le message est trop long pour figurer ici.",
    "{count} lines are not on this page": "{count} lignes ne figurent pas sur cette page",
    "No test was carried out": "Aucun test n'a été exécuté",
    "All {ran} tests pass": "Les {ran} tests réussissent",
    "1 of {ran} tests does not pass": "1 test sur {ran} ne réussit pas",
    "{bad} of {ran} tests do not pass": "{bad} tests sur {ran} ne réussissent pas",
    "tests passed": "réussis",
    "tests failed": "en échec",
    "Requirements": "Exigences",
    "Sent": "Envoyé",
    "Received": "Reçu",
    "no payload was found": "aucun message à vérifier",
}


def words(language: str) -> Words:
    """Give the translation of the words of a report; English where there is none."""
    if language == "fr":
        return lambda text: _FR.get(text, text)
    return lambda text: text
