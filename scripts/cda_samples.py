"""Write samples/conformance/cda: a valid French header, and for each rule one that breaks it.

Each sample is the valid document with the smallest change that breaks exactly one rule of
``profiles/fr-dmp/schematrons``. Everything in it is invented, as samples/README.md says.

    python -m scripts.cda_samples
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lxml import etree

from gateway.codecs.xml import read_xml

FOLDER = Path(__file__).resolve().parent.parent / "samples" / "conformance" / "cda"
NAMESPACES = {"c": "urn:hl7-org:v3"}

Element = etree._Element
Change = Callable[[Element], None]

VALID = """\
<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
  <realmCode code="FR"/>
  <typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
  <templateId root="2.16.840.1.113883.2.8.2.1"/>
  <templateId root="1.2.250.1.213.1.1.1.1"/>
  <templateId root="1.3.6.1.4.1.19376.1.2.20"/>
  <id root="2.999.250.1.7"/>
  <code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR consultation"/>
  <title>Consultation</title>
  <effectiveTime value="20260914103000+0200"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
  <languageCode code="fr-FR"/>
  <setId root="2.999.250.1"/>
  <versionNumber value="2"/>
  <recordTarget>
    <patientRole>
      <id root="1.2.250.1.213.1.4.10" extension="258043799904261"/>
      <id root="2.999.250.1.1" extension="4711"/>
      <addr><postalCode>75007</postalCode><city>PARIS</city></addr>
      <telecom value="tel:0000000000" use="H"/>
      <patient>
        <name>
          <family qualifier="BR">FICTIVE-EXEMPLE</family>
          <given>ALBA LOUISE</given>
          <given qualifier="BR">ALBA</given>
        </name>
        <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"
          displayName="Féminin"/>
        <birthTime value="19580412"/>
        <birthplace><place><addr><county>37999</county></addr></place></birthplace>
      </patient>
    </patientRole>
  </recordTarget>
  <author>
    <functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88" displayName="Médecin traitant"/>
    <time value="20260914103000+0200"/>
    <assignedAuthor>
      <id root="1.2.250.1.71.4.2.1" extension="899700123451"/>
      <code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5"
        displayName="Médecin - Qualifié en médecine générale (SM)"/>
      <addr nullFlavor="NAV"/>
      <telecom nullFlavor="NAV"/>
      <assignedPerson><name><family>FICTIF-AUTEUR</family><given>Ada</given></name></assignedPerson>
      <representedOrganization>
        <id root="1.2.250.1.71.4.2.2" extension="1379999990"/>
        <name>Cabinet inventé</name>
      </representedOrganization>
    </assignedAuthor>
  </author>
  <author>
    <time value="20260914103000+0200"/>
    <assignedAuthor>
      <id root="1.2.250.1.71.4.2.1" extension="3379999990/77"/>
      <addr nullFlavor="NAV"/>
      <telecom nullFlavor="NAV"/>
      <assignedAuthoringDevice>
        <manufacturerModelName>Appareil inventé</manufacturerModelName>
        <softwareName>Logiciel inventé</softwareName>
      </assignedAuthoringDevice>
    </assignedAuthor>
  </author>
  <informant>
    <relatedEntity classCode="NOK">
      <addr nullFlavor="NAV"/>
      <telecom nullFlavor="NAV"/>
      <relatedPerson><name><family>FICTIF-PROCHE</family></name></relatedPerson>
    </relatedEntity>
  </informant>
  <custodian>
    <assignedCustodian>
      <representedCustodianOrganization>
        <id root="1.2.250.1.71.4.2.2" extension="1379999990"/>
        <name>Cabinet inventé</name>
        <telecom nullFlavor="NAV"/>
        <addr nullFlavor="NAV"/>
      </representedCustodianOrganization>
    </assignedCustodian>
  </custodian>
  <legalAuthenticator>
    <time value="20260914103000+0200"/>
    <signatureCode code="S"/>
    <assignedEntity>
      <id root="1.2.250.1.71.4.2.1" extension="899700123451"/>
      <code code="G15_10/SM26" codeSystem="1.2.250.1.213.1.1.4.5"
        displayName="Médecin - Qualifié en médecine générale (SM)"/>
      <addr nullFlavor="NAV"/>
      <telecom nullFlavor="NAV"/>
      <assignedPerson><name><family>FICTIF-AUTEUR</family><given>Ada</given></name></assignedPerson>
    </assignedEntity>
  </legalAuthenticator>
  <participant typeCode="INF">
    <functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88" displayName="Médecin traitant"/>
    <time nullFlavor="NAV"/>
    <associatedEntity classCode="PROV">
      <id root="1.2.250.1.71.4.2.1" extension="899700123451"/>
      <addr nullFlavor="NAV"/>
      <telecom nullFlavor="NAV"/>
      <associatedPerson><name><family>FICTIF-AUTEUR</family></name></associatedPerson>
    </associatedEntity>
  </participant>
  <inFulfillmentOf>
    <order><id root="2.999.250.2" extension="12"/></order>
  </inFulfillmentOf>
  <documentationOf>
    <serviceEvent>
      <effectiveTime><low value="20260914100000+0200"/></effectiveTime>
      <performer typeCode="PRF">
        <assignedEntity>
          <id root="1.2.250.1.71.4.2.1" extension="899700123451"/>
          <addr nullFlavor="NAV"/>
          <telecom nullFlavor="NAV"/>
          <representedOrganization>
            <standardIndustryClassCode code="AMBULATOIRE" codeSystem="1.2.250.1.213.1.1.4.9"
              displayName="Ambulatoire"/>
          </representedOrganization>
        </assignedEntity>
      </performer>
    </serviceEvent>
  </documentationOf>
  <relatedDocument typeCode="RPLC">
    <parentDocument><id root="2.999.250.1.6"/></parentDocument>
  </relatedDocument>
  <authorization>
    <consent><code nullFlavor="NA"/><statusCode code="completed"/></consent>
  </authorization>
  <componentOf>
    <encompassingEncounter>
      <code code="AMB" codeSystem="2.16.840.1.113883.5.4" displayName="Ambulatoire"/>
      <effectiveTime><low value="20260914100000+0200"/></effectiveTime>
      <location>
        <healthCareFacility>
          <code code="SA07" codeSystem="1.2.250.1.71.4.2.4" displayName="Cabinet individuel"/>
        </healthCareFacility>
      </location>
    </encompassingEncounter>
  </componentOf>
  <component>
    <nonXMLBody><text mediaType="text/plain">Texte inventé.</text></nonXMLBody>
  </component>
</ClinicalDocument>
"""


def without(path: str) -> Change:
    """Leave an element, or an attribute (``…/@name``), out."""

    def change(root: Element) -> None:
        element, _, attribute = path.partition("/@")
        for one in _found(root, element):
            if attribute:
                del one.attrib[attribute]
            else:
                _parent(one).remove(one)

    return change


def twice(path: str) -> Change:
    """Give an element twice."""

    def change(root: Element) -> None:
        for one in _found(root, path)[:1]:
            one.addnext(read_xml(etree.tostring(one, with_tail=False)))

    return change


def with_value(path: str, value: str) -> Change:
    """Give an attribute (``…/@name``), or an element's text, another value."""

    def change(root: Element) -> None:
        element, _, attribute = path.partition("/@")
        for one in _found(root, element):
            if attribute:
                one.set(attribute, value)
            else:
                one.text = value

    return change


def with_child(path: str, xml: str) -> Change:
    """Put another element inside one, at its end."""

    def change(root: Element) -> None:
        for one in _found(root, path)[:1]:
            child = read_xml(xml.replace(">", ' xmlns="urn:hl7-org:v3">', 1).encode())
            one.append(child)

    return change


PATIENT = "c:recordTarget/c:patientRole/c:patient"
AUTHOR = "c:author[c:functionCode]/c:assignedAuthor"
PERFORMER = "c:documentationOf/c:serviceEvent/c:performer"
SETTING = f"{PERFORMER}//c:standardIndustryClassCode"
ENTITY = "c:legalAuthenticator/c:assignedEntity"
ENCOUNTER = "c:componentOf/c:encompassingEncounter"

BROKEN: dict[int, Change] = {
    1: with_value("c:realmCode/@code", "BE"),
    2: with_value("c:typeId/@extension", "POCD_HD000020"),
    3: without("c:templateId[1]"),
    4: without("c:templateId[2]"),
    5: lambda root: (
        without("c:component/c:nonXMLBody")(root),
        with_child("c:component", "<structuredBody></structuredBody>")(root),
        without("c:templateId[3]")(root),
    )[0],
    6: with_value("c:templateId[3]/@root", "1.2.250.1.213.1.1.1.29"),
    7: without("c:component"),
    8: without("c:id"),
    9: with_value("c:id/@root", "1.2.250.01"),
    10: with_value("c:id/@extension", "7"),
    11: without("c:code"),
    12: without("c:code/@displayName"),
    13: with_value("c:code/@code", "99999-9"),
    14: with_value("c:code/@codeSystem", "1.2.250.1.213.1.1.4.12"),
    15: without("c:title"),
    16: without("c:effectiveTime"),
    17: with_value("c:effectiveTime/@value", "14/09/2026"),
    18: with_value("c:effectiveTime/@value", "20260914103000"),
    19: without("c:confidentialityCode"),
    20: with_value("c:confidentialityCode/@code", "SECRET"),
    21: with_value("c:confidentialityCode/@codeSystem", "1.2.250.1.213.1.1.4.13"),
    22: without("c:languageCode"),
    23: with_value("c:languageCode/@code", "fr"),
    24: without("c:setId"),
    25: without("c:versionNumber"),
    26: with_value("c:versionNumber/@value", "2.1"),
    30: twice("c:recordTarget"),
    31: twice("c:recordTarget/c:patientRole"),
    32: without("c:recordTarget/c:patientRole/c:id"),
    33: without("c:recordTarget/c:patientRole/c:id[2]/@extension"),
    34: without(f"{PATIENT}/c:birthplace"),
    35: with_value("c:recordTarget/c:patientRole/c:id[1]/@extension", "2 58 04 37 999 042 61"),
    36: with_value("c:recordTarget/c:patientRole/c:id[1]/@extension", "258043799904262"),
    38: with_value("c:recordTarget/c:patientRole/c:id[2]/@root", "1.2.250.1.213.1.4.2"),
    39: with_child(
        "c:recordTarget/c:patientRole",
        '<id root="1.2.250.1.213.1.4.11" extension="258043799904261"></id>',
    ),
    40: twice(f"{PATIENT}/c:name"),
    41: lambda root: (
        _drop_national(root),
        without(f"{PATIENT}/c:name/c:family")(root),
    )[0],
    42: lambda root: (
        _drop_national(root),
        without(f"{PATIENT}/c:name/c:given")(root),
    )[0],
    43: with_child(f"{PATIENT}/c:name", "<family>AUTRE</family>"),
    44: with_child(f"{PATIENT}/c:name", '<family qualifier="SP">AUTRE</family>'),
    45: with_child(f"{PATIENT}/c:name", '<given qualifier="SP">AUTRE</given>'),
    46: twice(f"{PATIENT}/c:administrativeGenderCode"),
    47: with_value(f"{PATIENT}/c:administrativeGenderCode/@code", "X"),
    48: twice(f"{PATIENT}/c:birthTime"),
    49: with_value(f"{PATIENT}/c:birthTime/@value", "12/04/1958"),
    50: with_value(f"{PATIENT}/c:birthplace//c:county", "REIMS"),
    60: without("c:author"),
    61: without("c:author[c:functionCode]/c:time"),
    62: with_value("c:author[c:functionCode]/c:time/@value", "hier"),
    63: without(f"{AUTHOR}/c:id"),
    64: without(f"{AUTHOR}/c:id/@extension"),
    66: with_value(f"{AUTHOR}/c:code/@code", "G15_10/XX99"),
    67: without(f"{AUTHOR}/c:code/@displayName"),
    68: with_child(
        AUTHOR,
        "<assignedAuthoringDevice><manufacturerModelName>A</manufacturerModelName>"
        "<softwareName>B</softwareName></assignedAuthoringDevice>",
    ),
    69: without(f"{AUTHOR}/c:assignedPerson/c:name"),
    70: without("c:author//c:softwareName"),
    72: with_value("c:author/c:functionCode/@code", "AUTRE"),
    75: lambda root: (_enter_data(root), _enter_data(root))[0],
    80: without("c:informant/c:relatedEntity"),
    81: with_value("c:informant/c:relatedEntity/@classCode", "FAMILY"),
    90: without("c:custodian"),
    91: without("c:custodian//c:representedCustodianOrganization"),
    92: without("c:custodian//c:id"),
    93: with_value("c:custodian//c:id/@root", "2.999.250.3"),
    100: with_value("c:legalAuthenticator/c:signatureCode/@code", "X"),
    101: without("c:legalAuthenticator/c:time"),
    102: with_value("c:legalAuthenticator/c:time/@value", "hier"),
    103: without(ENTITY),
    104: without(f"{ENTITY}/c:id"),
    105: without(f"{ENTITY}/c:id/@extension"),
    106: with_value(f"{ENTITY}/c:code/@code", "G15_10/XX99"),
    107: without(f"{ENTITY}/c:assignedPerson/c:name"),
    120: with_value("c:participant/@typeCode", "SBJ"),
    121: without("c:participant/c:time"),
    122: with_value("c:participant/c:associatedEntity/@classCode", "CAREGIVER"),
    123: with_value("c:participant/c:functionCode/@code", "AUTRE"),
    130: without("c:inFulfillmentOf/c:order/c:id"),
    140: without("c:documentationOf"),
    141: without(PERFORMER),
    142: without("c:documentationOf/c:serviceEvent/c:effectiveTime"),
    143: without("c:documentationOf/c:serviceEvent/c:effectiveTime/c:low"),
    144: with_value("c:documentationOf//c:low/@value", "hier"),
    145: without(f"{PERFORMER}//c:representedOrganization"),
    146: without(SETTING),
    147: with_value(f"{SETTING}/@code", "AUTRE"),
    148: without(f"{SETTING}/@displayName"),
    150: lambda root: (
        twice("c:relatedDocument")(root),
        with_value("c:relatedDocument[2]//c:id/@root", "2.999.250.1.5")(root),
    )[0],
    151: with_value("c:relatedDocument/@typeCode", "APND"),
    152: without("c:relatedDocument/c:parentDocument/c:id"),
    153: with_value("c:relatedDocument/c:parentDocument/c:id/@root", "2.999.250.1.7"),
    160: with_value("c:authorization/c:consent/c:statusCode/@code", "active"),
    170: without("c:componentOf"),
    171: without(f"{ENCOUNTER}/c:location"),
    172: with_value(f"{ENCOUNTER}/c:code/@code", "AUTRE"),
    173: without(f"{ENCOUNTER}/c:effectiveTime"),
    174: without(f"{ENCOUNTER}/c:location/c:healthCareFacility"),
    175: without(f"{ENCOUNTER}//c:healthCareFacility/c:code"),
    176: with_value(f"{ENCOUNTER}//c:healthCareFacility/c:code/@code", "SA99"),
    180: with_value("c:recordTarget//c:telecom/@value", "00 00 00 00 00"),
    181: with_value(f"{AUTHOR}/c:id/@extension", "89970"),
    182: with_value("c:custodian//c:id/@extension", "137999"),
    183: with_value(f"{PATIENT}/c:administrativeGenderCode/@code", ""),
}


def broken(rule: int) -> bytes:
    """Give the document that breaks one rule."""
    root = read_xml(VALID.encode(), keep_blanks=True)
    BROKEN[rule](root)
    return _written(root)


def main() -> None:
    """Write them all."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.xml"):
        path.unlink()
    (FOLDER / "valid.xml").write_bytes(_written(read_xml(VALID.encode(), keep_blanks=True)))
    for rule in sorted(BROKEN):
        (FOLDER / f"fr-cda-{rule:03d}.xml").write_bytes(broken(rule))


def _drop_national(root: Element) -> None:
    """Leave a local identifier only, which may travel without all traits."""
    without("c:recordTarget/c:patientRole/c:id[1]")(root)


def _enter_data(root: Element) -> None:
    author = _found(root, "c:author")[-1]
    author.addnext(
        read_xml(
            b'<dataEnterer xmlns="urn:hl7-org:v3"><assignedEntity>'
            b'<id root="1.2.250.1.71.4.2.1" extension="899700123451"/>'
            b"</assignedEntity></dataEnterer>"
        )
    )


def _found(root: Element, path: str) -> list[Element]:
    found = root.xpath(path, namespaces=NAMESPACES)
    if not isinstance(found, list) or not found:
        raise SystemExit(f"the valid document has no {path}")
    return [one for one in found if isinstance(one, Element)]


def _parent(element: Element) -> Element:
    parent = element.getparent()
    assert parent is not None
    return parent


def _written(root: Element) -> bytes:
    text: bytes = etree.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + text + b"\n"


if __name__ == "__main__":
    main()
