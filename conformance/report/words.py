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
    "error": "erreur",
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
    "no payload was found": "aucun message à vérifier",
}


def words(language: str) -> Words:
    """Give the translation of the words of a report; English where there is none."""
    if language == "fr":
        return lambda text: _FR.get(text, text)
    return lambda text: text
