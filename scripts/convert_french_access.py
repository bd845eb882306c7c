"""Make the matrix of the French record: which profession reads which type of document.

``python scripts/convert_french_access.py`` reads ``$GATEWAY_SHARED/data/france`` (default: the
folder ``shared`` beside the repository) and writes ``profiles/fr-dmp/matrix.tsv`` and
``profiles/fr-dmp/roles.tsv``. Every role of the value set of roles gets a row, every type of the
two value sets of types a line, and every cell says whether it was read in a text or assumed. What
a person decided stands in ``access.toml``, which is not touched.
"""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SOURCE = Path(os.environ.get("GATEWAY_SHARED") or ROOT.parent / "shared") / "data" / "france"
TARGET = ROOT / "profiles" / "fr-dmp"

SOURCES = {
    "1": "verified revuepharma.fr, summary of the order of 26 October 2023 for physicians: "
    "everything but the attestation of residence; types younger than the order are extrapolated",
    "2": "verified revuepharma.fr, the same summary for pharmacists and pharmacy assistants; types "
    "younger than the order are extrapolated",
    "3": "verified infirmiers.com, summary of the order for nurses",
    "4": "verified information-dentaire.fr and public summaries of the order, dental surgeons",
    "5": "verified public summary of the order: no medication review for physiotherapists",
    "6": "verified santementale.fr and facs-idf.fr, summaries of the order for coordination staff",
    "7": "verified public summary of the order: no delivery report for podiatrists",
    "8": "assumed a conservative guess, to be replaced by the annex of the order",
    "9": "assumed physicians read everything but the attestation of residence (source 1); the type "
    "is in the general value set only",
    "10": "assumed the type is in the general value set only, and no text speaks of this role",
    "11": "assumed the role is no care profession that any text grants reading",
    "12": "assumed technical document, never shown",
}
VERIFIED = {
    "10": "1",
    "21.OFF": "2",
    "39": "2",
    "60": "3",
    "40": "4",
    "70": "5",
    "SOC.COORD": "6",
    "80": "7",
}
TECHNICAL = frozenset({"E1762", "FEUILLE-DE-STYLE"})
ADDED_ROWS = {
    "21.AUTRE": "Pharmacien sans exercice auprès de patients, ou dont la section n'est pas dite",
    "TECH": "Producteur de documents qui n'est pas un professionnel",
}

PROFESSION, SPECIALITY, SECTION = (
    "1.2.250.1.71.1.2.7",
    "1.2.250.1.71.4.2.5",
    "1.2.250.1.71.4.2.6",
)
PRODUCER = "1.2.250.1.213.1.1.4.6"
SECTIONS = {
    **dict.fromkeys(("A", "D", "DA", "DM", "E", "EA", "ED"), "21.OFF"),
    **dict.fromkeys(("G", "EG"), "21.BIO"),
    **dict.fromkeys(("H", "EH", "M"), "21.PUI"),
    **dict.fromkeys(("B", "C", "EB", "EC"), "21.AUTRE"),
}
# Specialities: of physicians unless their family or the code itself says another profession.
FAMILIES = {"SCD": ("40", "40"), "SI": ("60", "60")}
SPECIALITIES = {"SCH46": ("40", "40"), "SCH51": ("21.PUI", "21")}
# Professions that are no health professions (value set J48), by code system: assumed.
SOCIAL = {
    "1.2.250.1.213.1.6.1.4": {
        **dict.fromkeys(("42", "43", "44", "45", "46", "48", "49", "51", "52", "53"), "SOC.VIE"),
        "41": "SOC.ASS",
        "47": "SOC.SOIN",
    },
    "1.2.250.1.213.1.6.1.107": {
        **dict.fromkeys(("300", "304"), "SOC.ASS"),
        **dict.fromkeys(("301", "308", "309", "310", "311"), "SOC.COORD"),
        **dict.fromkeys(
            ("302", "318", "319", "320", "321", "322", "324", "325", "326", "327", "328", "350"),
            "SOC.VIE",
        ),
        **{"313": "35", "314": "36", "315": "37", "316": "38", "317": "39", "323": "SOC.SOIN"},
        **{"331": "SOC.ADM", "332": "SOC.ADM", "333": "SOC.ENC"},
    },
}


def read_values(name: str) -> list[dict[str, str]]:
    """The concepts of one published value set."""
    path = SOURCE / "valuesets" / f"{name}.json"
    concepts: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))["concepts"]
    return concepts


def role_row(code: str, system: str) -> tuple[str, str]:
    """The row of a role, and the profession whose holder it tells more about."""
    if system == PROFESSION:
        return ("21.AUTRE", "") if code == "21" else (code, "")
    if system == SECTION:
        return SECTIONS[code], "21"
    if system == PRODUCER:
        return "TECH", ""
    family = re.sub(r"\d+$", "", code)
    return SPECIALITIES.get(code) or FAMILIES.get(family) or ("10", "10")


def convert_roles() -> None:
    """Every code of the value set of roles, and the social professions that have a row."""
    rows = []
    for concept in read_values("JDV_J65_SubjectRole_DMP"):
        code, system = concept["code"], concept["system"]
        rows.append((code, system, *role_row(code, system), concept["display"]))
    for concept in read_values("JDV_J48_ProfessionNonPS_CISIS"):
        row = SOCIAL.get(concept["system"], {}).get(concept["code"])
        if row:
            rows.append((concept["code"], concept["system"], row, "", concept["display"]))
    write(
        TARGET / "roles.tsv",
        [
            "row of the matrix for each role; of = the profession that a code tells more about",
            "roles JDV_J65 of 2020 (health professions, specialities, sections of pharmacists); "
            "then social professions of JDV_J48, whose rows are assumed",
            "written by scripts/convert_french_access.py",
        ],
        ("code", "system", "row", "of", "display"),
        rows,
    )


def convert_matrix() -> None:
    """Every type of the two value sets of types; the record's own ones first."""
    path = SOURCE / "maps" / "habilitation_matrix.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    labels = next(line for line in lines if line.startswith("#label")).split("\t")[3:]
    table = list(csv.reader((line for line in lines if line[0] != "#"), delimiter="\t"))
    names = table[0][3:]
    said = {row[0]: dict(zip(names, row[3:], strict=True)) for row in table[1:]}
    classes = {row[0]: row[2] for row in table[1:]}
    general = SOURCE / "maps" / "ASS_X04_type_to_class_CISIS.tsv"
    for row in csv.DictReader(
        (line for line in general.read_text(encoding="utf-8").splitlines() if line[0] != "#"),
        delimiter="\t",
    ):
        classes.setdefault(row["type_code"], row["class_code"])
    rows = []
    types = [*read_values("JDV_J66_TypeCode_DMP"), *read_values("JDV_J07_XdsTypeCode_CISIS")]
    done = set()
    for concept in types:
        code, system = concept["code"], concept["system"]
        if (code, system) in done:
            continue
        done.add((code, system))
        cells = [
            *(cell(name, code, said.get(code, {}).get(name)) for name in names),
            *("n12" if code in TECHNICAL else "n11" for _ in ADDED_ROWS),
        ]
        rows.append((code, system, classes.get(code, "-"), concept["display"], *cells))
    write(
        TARGET / "matrix.tsv",
        [
            "reading rights by type of document and row of roles.tsv; a missing cell means no",
            "class - : neither published map of types to classes knows the type",
            "Y, N: read in a text; y, n: assumed; the number names the source",
            *(f"source {number} {text}" for number, text in SOURCES.items()),
            *(
                f"row {name} {label}"
                for name, label in [*zip(names, labels, strict=True), *ADDED_ROWS.items()]
            ),
            "written by scripts/convert_french_access.py",
        ],
        ("code", "system", "class", "display", *names, *ADDED_ROWS),
        rows,
    )


def cell(row: str, code: str, letter: str | None) -> str:
    """One cell: what the table says, with its source; for types it does not know, what follows."""
    if code in TECHNICAL:
        return "n12"
    if letter is None:
        return "y9" if row == "10" else "n10"
    if letter.isupper():
        return letter + VERIFIED[row]
    return f"{letter}8"


def write(
    path: Path, remarks: list[str], head: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    """Write rows as tab-separated text below remarks."""
    lines = [*(f"# {remark}" for remark in remarks), "\t".join(head)]
    lines += ["\t".join(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{path.relative_to(ROOT)}: {len(rows)} rows")


if __name__ == "__main__":
    convert_roles()
    convert_matrix()
