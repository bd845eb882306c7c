"""Convert the published French code maps and value sets into profile data.

``python scripts/convert_french_profile.py`` reads ``$GATEWAY_SHARED/data/france`` (default: the
folder ``shared`` beside the repository) and writes ``profiles/fr-dmp``: ``naming.toml``, ``maps/``
and ``value-sets/``. What a person decided stands in ``profile.toml``, which is not touched. Only
facts are taken over (codes, identifiers, labels); each file says where they were read and when.
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

Row = dict[str, str]

VALUE_SETS = (
    "JDV_J01_XdsAuthorSpecialty_CISIS",
    "JDV_J02_XdsHealthcareFacilityTypeCode_CISIS",
    "JDV_J04_XdsPracticeSettingCode_CISIS",
    "JDV_J06_XdsClassCode_CISIS",
    "JDV_J07_XdsTypeCode_CISIS",
    "JDV_J08_XdsConfidentialityCode_CISIS",
    "JDV_J10_XdsFormatCode_CISIS",
    "JDV_J47_FunctionCode_CISIS",
    "JDV_J52_AvailabilityStatus_CISIS",
    "JDV_J57_ClassCode_DMP",
    "JDV_J58_ConfidentialityCode_DMP",
    "JDV_J59_ContentTypeCode_DMP",
    "JDV_J60_FormatCode_DMP",
    "JDV_J64_RestrictionAudienceVIHF_DMP",
    "JDV_J65_SubjectRole_DMP",
    "JDV_J66_TypeCode_DMP",
    "JDV_J142_TypeRencontre_CISIS",
    "JDV_J197_XdsTypesIdentifiantsReferenceId_CISIS",
    "JDV_J231_XdsTypesIdentifiantsReferenceId_DMP",
    "JDV_ModaliteAcquisition_CISIS",
    "JDV_RegionAnatomique_CISIS",
    "TRE_A07_StatutVisibiliteDocument",
)

# The value set of visibilities in FHIR is named by the guides and stored nowhere; it is believed to
# be what the value set of confidentialityCode has besides the levels.
VISIBILITY = "1.2.250.1.213.1.1.4.13"
DERIVED = "J110_StatutVisibiliteDocument_CISIS"

# Published as an example and in the value set of formats, but missing in the publisher's map.
MISSING_FORMATS = (
    {
        "cda_template_id": "1.2.250.1.213.1.1.1.59",
        "format_code": "urn:ans:ci-sis:trod:2024",
        "format_system": "1.2.250.1.213.1.1.4.2.282",
    },
)


def read_table(path: Path) -> tuple[list[str], list[Row]]:
    """The comment lines of a tab-separated file, and its rows."""
    lines = path.read_text(encoding="utf-8").splitlines()
    comments = [line for line in lines if line.startswith("#")]
    rows = csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t")
    return comments, list(rows)


def write_table(path: Path, comments: list[str], columns: tuple[str, ...], rows: list[Row]) -> None:
    """Write rows as tab-separated text below comment lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        for comment in comments:
            file.write(f"# {comment.lstrip('# ')}\n")
        writer = csv.DictWriter(
            file, columns, delimiter="\t", extrasaction="ignore", lineterminator="\n"
        )
        writer.writeheader()
        writer.writerows(rows)
    print(f"{path.relative_to(ROOT)}: {len(rows)} rows")


def convert_maps() -> None:
    """Type to class, model to format, media type to format."""
    maps = SOURCE / "maps"
    dmp_comments, dmp = read_table(maps / "ASS_X16_type_to_class_DMP.tsv")
    general_comments, general = read_table(maps / "ASS_X04_type_to_class_CISIS.tsv")
    known = {(row["type_code"], row["type_system"]) for row in dmp}
    extra = [row for row in general if (row["type_code"], row["type_system"]) not in known]
    write_table(
        TARGET / "maps" / "type_to_class.tsv",
        [*dmp_comments, "then, for types only the general framework knows:", *general_comments],
        ("type_code", "type_system", "type_display", "class_code", "class_system", "class_display"),
        [*dmp, *extra],
    )
    comments, rows = read_table(maps / "ASS_A11_cda_template_to_format.tsv")
    write_table(
        TARGET / "maps" / "template_to_format.tsv",
        [*comments[:2], "added: 1.2.250.1.213.1.1.1.59, published as example and format only"],
        ("cda_template_id", "format_code", "format_system"),
        [*rows, *MISSING_FORMATS],
    )
    comments, rows = read_table(maps / "ASS_A12_nonxmlbody_mediatype_to_format.tsv")
    write_table(
        TARGET / "maps" / "media_type_to_format.tsv",
        comments,
        ("media_type", "format_code", "format_system"),
        rows,
    )


def convert_naming() -> None:
    """The table of OIDs and URIs; further URIs named in a remark become aliases."""
    _, rows = read_table(SOURCE / "maps" / "codesystems.tsv")
    parts = [
        "# Identifier and code systems of the French framework: OID, FHIR URI, name.\n"
        "# Written by scripts/convert_french_profile.py from the table of code systems in the\n"
        "# reference folder, read on 2026-11-21 in the publisher's terminology guides\n"
        "# (ansforge/IG-NOS, ansforge/IG-terminologie-de-sante). `status` says what was verified.\n"
    ]
    for row in rows:
        aliases = [
            uri
            for uri in re.findall(r"https?://[^\s)]+", row["used_for"])
            if uri != row["fhir_system"]
        ]
        lines = [
            "[[system]]",
            f"oid = {json.dumps(row['oid'])}",
            f"uri = {json.dumps(row['fhir_system'])}" if row["fhir_system"] else None,
            f"label = {json.dumps(row['name'], ensure_ascii=False)}",
            f"aliases = {json.dumps(aliases)}" if aliases else None,
            f"used_for = {json.dumps(row['used_for'], ensure_ascii=False)}",
            f"status = {json.dumps(row['status'], ensure_ascii=False)}",
        ]
        parts.append("\n".join(line for line in lines if line) + "\n")
    (TARGET / "naming.toml").write_text("\n".join(parts), encoding="utf-8")
    print(f"profiles/fr-dmp/naming.toml: {len(rows)} systems")


def day(text: str | None) -> str:
    """2024-09-27, from the ways the sources write it (also 20240927120000)."""
    digits = re.sub(r"[^0-9]", "", text or "")[:8]
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:]}" if len(digits) == 8 else ""


def remarks(value_set: dict[str, str | None]) -> list[str]:
    """What the head of a value set's file says; the publisher's dates of validity where it has any.

    A set that the publisher replaced keeps the codes a registry has to read, so that its own end
    is not taken over: which set is used for new documents stands in profile.toml.
    """
    lines = [
        f"name {value_set['name']}",
        f"oid {value_set['oid']}",
        f"date {day(value_set['date'])}",
        f"version {value_set['version']}" if value_set.get("version") else "",
        f"valid_from {day(value_set.get('valid_from'))}"
        if day(value_set.get("valid_from"))
        else "",
        f"source {value_set['source']}",
    ]
    return [line for line in lines if line]


def convert_value_sets() -> None:
    """The value sets that metadata are checked against, one file each."""
    columns = ("code", "system", "display")
    for name in VALUE_SETS:
        value_set = json.loads((SOURCE / "valuesets" / f"{name}.json").read_text(encoding="utf-8"))
        concepts = value_set["concepts"]
        target = TARGET / "value-sets" / f"{name.removeprefix('JDV_')}.tsv"
        write_table(target, remarks(value_set), columns, concepts)
        if name == "JDV_J08_XdsConfidentialityCode_CISIS":
            head = [
                f"name JDV_{DERIVED}",
                "oid unknown",
                f"date {day(value_set['date'])}",
                f"source believed: the visibilities of {name}, since JDV_J110 is stored nowhere",
            ]
            shown = [one for one in concepts if one["system"] == VISIBILITY]
            write_table(TARGET / "value-sets" / f"{DERIVED}.tsv", head, columns, shown)


if __name__ == "__main__":
    convert_maps()
    convert_naming()
    convert_value_sets()
