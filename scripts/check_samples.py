"""Validate the French samples with the publisher's schema and schematrons.

``python scripts/check_samples.py [FILE…]`` needs the reference folder (``$GATEWAY_SHARED``, else
``shared`` beside the repository) and SaxonC for Python (``saxonche``), because the schematrons are
written for XSLT 2. Neither is needed by the product, nor by its tests. Compiled schematrons are
kept in a temporary folder, since their includes are found relative to them.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor  # type: ignore[import-not-found, unused-ignore]

ROOT = Path(__file__).resolve().parents[1]
FRANCE = Path(os.environ.get("GATEWAY_SHARED") or ROOT.parent / "shared") / "data" / "france"
STEPS = ("iso_dsdl_include.xsl", "iso_abstract_expand.xsl", "iso_svrl_for_xslt2.xsl")
FAILED = "{http://purl.oclc.org/dsdl/svrl}failed-assert"

EVERY_DOCUMENT = (
    "profils/structurationMinimale/ASIP-STRUCT-MIN-StrucMin.sch",
    "profils/CI-SIS_ModelesDeContenusCDA.sch",
    "profils/CI-SIS_Modeles_ANS.sch",
)
MODELS = {
    "fr-01": "CI-SIS_VSM_1.4_2022.01.sch",
    "fr-04": "CI-SIS_BIO-CR-BIO_2024.01.sch",
    "fr-05": "CI-SIS_BIO-CR-BIO_2024.01.sch",
    "fr-06": "CI-SIS_IMG-CR-IMG_2024.01.sch",
    "fr-08": "CI-SIS_EP-MED-DM_2024.01.sch",
    "fr-12": "CI-SIS_VAC-NOTE_2023.01.sch",
}


def main() -> None:
    """Print one line per document and rule set, and the text of every failed assertion."""
    paths = [Path(name) for name in sys.argv[1:]] or sorted((ROOT / "samples/cda").glob("*.xml"))
    schema = etree.XMLSchema(
        etree.parse(FRANCE / "xsd" / "CDA_extended.xsd", etree.XMLParser(load_dtd=True))
    )
    for path in paths:
        valid = schema.validate(etree.parse(path))
        print(f"{path.name}: schema {'ok' if valid else schema.error_log.last_error}")
    with tempfile.TemporaryDirectory() as place, PySaxonProcessor(license=False) as saxon:
        folder = Path(place)
        for part in ("schematron", "jeuxDeValeurs"):
            shutil.copytree(FRANCE / part, folder / part)
        rules: dict[str, object] = {}
        for path in (one for one in paths if one.name.startswith("fr-")):
            for name in (*EVERY_DOCUMENT, MODELS.get(path.name[:5])):
                if name:
                    if name not in rules:
                        rules[name] = _compiled(saxon, folder / "schematron", name)
                    report = rules[name].transform_to_string(source_file=str(path.resolve()))  # type: ignore[attr-defined]
                    failed = list(etree.fromstring(report.encode()).iter(FAILED))
                    print(f"{path.name}: {Path(name).stem}: {len(failed)} failed")
                    for one in failed:
                        print("   ", " ".join("".join(map(str, one.itertext())).split()))


def _compiled(saxon: object, folder: Path, name: str) -> object:
    """A schematron as an executable stylesheet, written beside its source."""
    xslt = saxon.new_xslt30_processor()  # type: ignore[attr-defined]
    source = folder / name
    for number, step in enumerate(STEPS):
        sheet = xslt.compile_stylesheet(stylesheet_file=str(folder / "moteur" / step))
        text = sheet.transform_to_string(source_file=str(source))
        source = (folder / name).with_suffix(f".{number}.xsl")
        source.write_text(text, encoding="utf-8")
    return xslt.compile_stylesheet(stylesheet_file=str(source))


if __name__ == "__main__":
    main()
