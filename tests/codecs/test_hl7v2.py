from __future__ import annotations

import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.hl7v2 import (
    Acknowledgement,
    Header,
    Message,
    acknowledgement_code,
    read_ack,
    read_adt,
    write_ack,
    write_adt,
)
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.conventions import IdentityCodes
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.patient import DIED, Patient
from gateway.transactions.patient_identity_feed import Event, PatientFeed
from tests.shared import shared

LOCAL = "4711^^^hospital&2.999.1.3&ISO^PI"
NOW = "20260102030405"

ADMISSION = r"""MSH|^~\&|HIS|HOSPITAL|GATEWAY|COMMUNITY|20260102||ADT^A01|42|P|2.3.1||||||8859/1
EVN|A01|20260102
PID|1||4711^^^ward&&~4711^^^hospital&2.999.1.3&ISO^PI~77^^^&2.999.7&ISO||@NAMES@||19560527103000+0100|F
PV1||I""".replace("@NAMES@", r"M\S\ller^Am\E\lie^Rose Mary^^^^L~Doe^^^^^^D")

MERGE = r"""MSH|^~\&|HIS|HOSPITAL|GATEWAY|COMMUNITY|20260102||ADT^A40^ADT_A39|43|P|2.5
EVN||20260102
PID|||1^^^&2.999.1.3&ISO~11^^^&2.999.7&ISO
PD1||
MRG|12^^^&2.999.7&ISO~2^^^&2.999.1.3&ISO
PV1||N
PID|||3^^^&2.999.1.3&ISO~31^^^&2.999.7&ISO
MRG|32^^^&2.999.7&ISO"""


def octets(text: str, charset: str = "utf-8") -> bytes:
    return text.replace("\n", "\r").encode(charset)


def rules(message: Message) -> list[tuple[str, str]]:
    return [(f.rule.removeprefix("hl7v2-"), f.location) for f in message.findings]


def errors(message: Message) -> list[tuple[str, str]]:
    return [(f.rule.removeprefix("hl7v2-"), f.location) for f in message.findings if f.is_error]


LIFE = """MSH|^~\\&|HIS|HOSPITAL|GATEWAY|COMMUNITY|20260102||ADT^A31^ADT_A05|44|P|2.5
EVN||20260102
PID|1||1^^^&2.999.1.3&ISO||Doe^Jane^^^^^L||1956|F@DIED@
PD1||||80^DURAND^Alice^^^^^^&2.999.1.30&ISO
ROL|1|@ACT@|ODRP|81^MARTIN^Luc^^^^^^&2.999.1.30&ISO
PV1||N
ROL|2|UC|PP|82^VISIT^Vera^^^^^^&2.999.1.30&ISO"""


def life(died: str = "", act: str = "UC", **codes: tuple[str, ...]) -> PatientFeed:
    text = LIFE.replace("@DIED@", died).replace("@ACT@", act)
    message = read_adt(octets(text), (), IdentityCodes(**codes))
    assert not any(f.is_error for f in message.findings), message.findings
    return message.feeds[0]


@pytest.mark.parametrize(
    ("pid", "deceased", "withdrawn"),
    [
        ("", None, set()),
        ("|" * 21 + "20251231|Y", DateTime("20251231"), set()),
        ("|" * 21 + "202512312200|", DateTime("20251231"), set()),
        ("|" * 22 + "Y", DIED, set()),
        ("|" * 22 + "N", None, {"deceased"}),
        ("|" * 21 + "soon|Y", DIED, set()),
    ],
)
def test_a_death_is_read(pid: str, deceased: DateTime | None, withdrawn: set[str]) -> None:
    feed = life(pid)
    assert (feed.patient.record.deceased, set(feed.withdrawn)) == (deceased, withdrawn)


@pytest.mark.parametrize(
    ("reliability", "known", "sure"),
    [
        ("QUAL", ("QUAL",), True),
        ("VALI~QUAL", ("QUAL",), True),
        ("VALI", ("QUAL",), False),
        ("", ("QUAL",), None),
        ("VALI", (), None),
    ],
)
def test_whether_an_identity_is_sure_is_read_by_the_codes_of_the_community(
    reliability: str, known: tuple[str, ...], sure: bool | None
) -> None:
    feed = life("|" * 24 + reliability, qualified=known)
    assert feed.patient.record.identity_qualified is sure


def test_who_attends_is_read_from_the_role_or_the_field() -> None:
    doctor = Identifier.of("81", "2.999.1.30")
    assert life(attending_roles=("ODRP",)).patient.record.gp == doctor
    assert life(attending_roles=("ZZ",)).patient.record.gp == Identifier.of("80", "2.999.1.30")
    # A role told behind PV1 is one in a visit.
    assert life(attending_roles=("PP",)).patient.record.gp == Identifier.of("80", "2.999.1.30")
    ended = life(act="DE", attending_roles=("ODRP",))
    assert ended.withdrawn == {"gp"}


def test_an_admission_is_read_exactly() -> None:
    message = read_adt(octets(ADMISSION.replace(r"M\S\ller", "Müller"), "latin-1"))
    assert message.header == Header(
        sending_application="HIS",
        sending_facility="HOSPITAL",
        receiving_application="GATEWAY",
        receiving_facility="COMMUNITY",
        time="20260102",
        event="A01",
        control_id="42",
        version="2.3.1",
        charset="8859/1",
    )
    assert message.feeds == (
        PatientFeed(
            event=Event.ADMIT,
            patient=Patient(
                identifiers=(
                    Identifier("4711^^^&2.999.1.3&ISO"),
                    Identifier("77^^^&2.999.7&ISO"),
                ),
                family="Müller",
                given=("Am\\lie", "Rose", "Mary"),
                birth_date=DateTime("19560527"),
                gender="F",
            ),
        ),
    )
    assert rules(message) == [("assigning-authority", "PID[1]-3[1].4")]
    assert not message.findings[0].is_error


def test_a_merge_has_as_many_groups_as_it_likes() -> None:
    first, second = read_adt(octets(MERGE)).feeds
    assert [i.value for i in first.patient.identifiers] == ["1", "11"]
    assert first.merged_from == Identifier.of("2", "2.999.1.3")
    assert second.merged_from == Identifier.of("32", "2.999.7")


def test_identifiers_of_other_domains_are_ignored() -> None:
    message = read_adt(octets(MERGE), {"2.999.7"})
    assert [f.patient.identifiers[0].value for f in message.feeds] == ["11", "31"]
    assert [f.merged_from and f.merged_from.value for f in message.feeds] == ["12", "32"]
    assert errors(read_adt(octets(MERGE), {"2.999.1.3"})) == [("no-identifier", "MRG[2]-1")]
    assert errors(read_adt(octets(ADMISSION), {"2.999.8"})) == [("no-identifier", "PID[1]-3")]


@pytest.mark.parametrize("line_end", ["\r", "\r\n", "\n"])
def test_the_five_published_samples_are_read(line_end: str) -> None:
    files = sorted(shared("data/france/examples/hl7v2").glob("*.er7"))
    assert len(files) == 5
    for file in files:
        text = file.read_text("utf-8").replace("\n", line_end)
        message = read_adt(text.encode())
        assert message.header.charset == "UNICODE UTF-8"
        assert message.header.control_id in {"3975", "3976", "3977", "3978", "3979"}
        assert message.feeds == (
            PatientFeed(
                event=Event.ADMIT,
                patient=Patient(
                    # The local number before it has an authority without OID.
                    identifiers=(Identifier("279035121518989^^^&1.2.250.1.213.1.4.10&ISO"),),
                    family="PAT-TROIS",
                    given=("DOMINIQUE", "DOMINIQUE"),
                    birth_date=DateTime("19790328"),
                    gender="F",
                ),
                # PID-30 says that they live.
                withdrawn=frozenset({"deceased"}),
            ),
        )
        assert rules(message) == [("assigning-authority", "PID[1]-3[1].4")]
        assert acknowledgement_code(message.findings) == "AA"


def test_a_message_declares_its_own_delimiters() -> None:
    text = ADMISSION.translate(str.maketrans("|^~\\&", "*:+?%"))
    text = text.replace("M?S?ller", "M?T?l|er?X5e?")
    (feed,) = read_adt(octets(text)).feeds
    assert feed.patient.identifiers[0] == Identifier("4711^^^&2.999.1.3&ISO")
    assert feed.patient.family == "M%l|er^"
    answer = write_ack(read_adt(octets(text)).header, (), now=NOW, control_id="1")
    assert answer.startswith(b"MSH|^~\\&|GATEWAY|COMMUNITY|HIS|HOSPITAL|")


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("", "utf-8"), ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"), ("8859/15", "iso8859-15")],
)
def test_names_are_read_in_the_character_set_declared(charset: str, codec: str) -> None:
    text = ADMISSION.replace("8859/1", charset).replace(
        r"M\S\ller", "Žižková" if codec == "utf-8" else "Noël"
    )
    (feed,) = read_adt(octets(text, codec)).feeds
    assert feed.patient.family in {"Žižková", "Noël"}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("8859/1", "ASCII", ("data-type", "MSH-18")),
        ("8859/1", "", ("data-type", "MSH-18")),
        ("8859/1", "EBCDIC", ("character-set", "MSH-18")),
        ("ADT^A01", "ORU^R01", ("message-type", "MSH-9.1")),
        ("ADT^A01", "ADT^A03", ("event-code", "MSH-9.2")),
        ("ADT^A01", "ADT", ("event-code", "MSH-9.2")),
        ("|42|", "||", ("required-field", "MSH-10")),
        ("|P|", "|X|", ("processing-id", "MSH-11")),
        ("2.3.1", "3.0", ("version-id", "MSH-12")),
        ("PID|1", "NTE|1", ("segment-sequence", "PID")),
        ("EVN|A01", "PID|A01", ("segment-sequence", "PID[2]")),
        ("EVN|A01", "MSH|A01", ("segment-sequence", "MSH[2]")),
        ("PV1||I", "MRG|1^^^&2.999&ISO", ("segment-sequence", "MRG")),
        (LOCAL, r"47\X0D\11^^^&2.999&ISO", ("data-type", "PID[1]-3[2]")),
        (LOCAL, "47\x0011^^^&2.999&ISO", ("data-type", "PID[1]-3[2]")),
        ("4711^^^hospital", "4711" + "~" * 600 + "^^^hospital", ("too-long", "PID")),
        ("4711^^^hospital", "4711" + "1" * 5000 + "^^^hospital", ("too-long", "PID")),
    ],
)  # fmt: skip
def test_each_error_is_named_with_its_place(old: str, new: str, expected: tuple[str, str]) -> None:
    text = ADMISSION.replace("Am\\E\\lie", "Zoë").replace(old, new)
    assert expected in errors(read_adt(octets(text, "latin-1")))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("F", "X", ("table-value", "PID[1]-8")),
        ("19560527103000+0100", "19561327", ("data-type", "PID[1]-7")),
        ("19560527103000+0100", "27/05/56", ("data-type", "PID[1]-7")),
        ("77^^^&2.999.7&ISO", "^^^&2.999.7&ISO", ("required-field", "PID[1]-3[3].1")),
        ("77^^^&2.999.7&ISO", "77^^^&2.999.7&DNS", ("assigning-authority", "PID[1]-3[3].4")),
    ],
)
def test_what_a_registry_can_do_without_is_a_warning(
    old: str, new: str, expected: tuple[str, str]
) -> None:
    head, pid = ADMISSION.split("\nPID")
    message = read_adt(octets(f"{head}\nPID{pid[::-1].replace(old[::-1], new[::-1], 1)[::-1]}"))
    assert expected in rules(message)
    assert errors(message) == []


def test_all_problems_of_a_message_come_at_once() -> None:
    text = MERGE.replace("1^^^&2.999.1.3&ISO~11^^^&2.999.7&ISO", "1~11", 1)
    text = text.replace("MRG|32^^^&2.999.7&ISO", "PID|||\nMRG|\nMRG|")
    assert errors(read_adt(octets(text))) == [
        ("segment-sequence", "MRG[4]"),
        ("segment-sequence", "MRG[2]"),
        ("no-identifier", "PID[1]-3"),
        ("required-field", "PID[3]-3"),
        ("required-field", "MRG[3]-1"),
    ]


def test_an_acknowledgement_of_2_5_has_a_segment_for_each_finding() -> None:
    message = read_adt(octets(ADMISSION.replace("2.3.1", "2.5"), "latin-1"), {"2.999.8"})
    answer = write_ack(message.header, message.findings, now=NOW, control_id="7")
    assert answer.decode("ascii").split("\r") == [
        r"MSH|^~\&|GATEWAY|COMMUNITY|HIS|HOSPITAL|20260102030405+0000||ACK^A01^ACK|7|P|2.5||||||8859/1",
        "MSA|AE|42",
        r"ERR||PID^1^3^1^4|204^Unknown key identifier^HL70357|W|hl7v2-assigning-authority|||"
        r"the assigning authority has no OID (namespace\T\OID\T\ISO); ignored",
        "ERR||PID^1^3^1|204^Unknown key identifier^HL70357|E|hl7v2-no-identifier|||"
        "no identifier whose assigning authority is one of this domain's",
        "",
    ]


def test_an_acknowledgement_of_2_3_1_repeats_its_one_field() -> None:
    message = read_adt(octets(ADMISSION, "latin-1"), {"2.999.8"})
    answer = write_ack(message.header, message.findings, now=NOW, control_id="7")
    _, msa, err, _ = answer.decode("ascii").split("\r")
    assert msa == "MSA|AE|42|no identifier whose assigning authority is one of this domain's"
    assert [e[:12] for e in err.removeprefix("ERR|").split("~")] == ["PID^1^3^204&"] * 2
    assert read_ack(answer) == Acknowledgement(
        "AE",
        "42",
        (
            "the assigning authority has no OID (namespace&OID&ISO); ignored",
            "no identifier whose assigning authority is one of this domain's",
        ),
    )


@pytest.mark.parametrize("version", ["2.3.1", "2.5"])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (ErrorCode.UNKNOWN_PATIENT_ID, "AE"),
        (ErrorCode.CONFLICT, "AE"),
        (ErrorCode.REGISTRY_BUSY, "AR"),
        (ErrorCode.INTERNAL, "AR"),
        (ErrorCode.NOT_SUPPORTED, "AR"),
    ],
)
def test_what_could_not_be_judged_is_rejected(version: str, code: ErrorCode, expected: str) -> None:
    finding = Finding(rule="x", code=code, location="PID[1]-3", message="one\rMSA|AA|~two^")
    answer = write_ack(Header(version=version, control_id="9"), (finding,), now=NOW, control_id="1")
    assert read_ack(answer) == Acknowledgement(expected, "9", ("one MSA|AA|~two^",))


def test_a_warning_does_not_make_an_old_receiver_believe_in_a_failure() -> None:
    warning = Finding(
        rule="x",
        code=ErrorCode.INVALID_VALUE,
        location="PID[1]-7",
        message="odd",
        severity=Severity.WARNING,
    )
    old, new = (
        write_ack(Header(version=v), (warning,), now=NOW, control_id="1") for v in ("2.3.1", "2.5")
    )
    assert b"\rERR" not in old
    assert b"|W|" in new


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=12
).filter(lambda text: text != '""')
oids = st.lists(st.integers(0, 999), min_size=1, max_size=5).map(
    lambda arcs: "2." + ".".join(map(str, arcs))
)
identifiers = st.builds(Identifier.of, texts, oids)
patients = st.builds(
    Patient,
    identifiers=st.lists(
        identifiers, min_size=1, max_size=4, unique_by=lambda i: (i.value, i.authority)
    ).map(tuple),
    family=texts | st.just(""),
    given=st.lists(texts, max_size=3).map(tuple),
    birth_date=st.none() | st.sampled_from(["1956", "195605", "19560527"]).map(DateTime),
    gender=st.sampled_from(["", *"FMOUAN"]),
)
described = st.builds(
    PatientFeed,
    event=st.sampled_from([e for e in Event if e is not Event.MERGE]),
    patient=patients,
).map(lambda feed: (feed,))


@st.composite
def merges(draw: st.DrawFn) -> PatientFeed:
    patient = draw(patients)
    subsumed = Identifier.of(draw(texts), draw(st.sampled_from(patient.identifiers)).authority)
    return PatientFeed(event=Event.MERGE, patient=patient, merged_from=subsumed)


@given(
    described | st.lists(merges(), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["2.3.1", "2.4", "2.5", "2.5.1"]),
    texts,
)
def test_what_was_written_is_read(
    feeds: tuple[PatientFeed, ...], version: str, control_id: str
) -> None:
    header = Header(
        sending_application="A",
        receiving_facility="name&2.999&ISO",
        time=NOW,
        control_id=control_id,
        version=version,
        charset="UNICODE UTF-8",
    )
    message = read_adt(write_adt(header, feeds))
    assert message.feeds == feeds
    assert errors(message) == []
    assert message.header.control_id == control_id
    assert message.header.event == feeds[0].event.value


@given(st.binary(max_size=300), st.sampled_from([ADMISSION, MERGE]), st.integers(0, 400))
def test_nothing_a_peer_sends_breaks_the_reader(noise: bytes, text: str, at: int) -> None:
    good = octets(text)
    for octets_ in (noise, b"MSH" + noise, good[:at] + noise + good[at:], good[:at] + noise):
        message = read_adt(octets_)
        answer = write_ack(message.header, message.findings, now=NOW, control_id="1")
        assert answer.count(b"\rMSA|") == 1
        assert not any(c < 0x20 and c != 0x0D for c in answer)
        assert all(s[:4] in {b"MSH|", b"MSA|", b"ERR|", b""} for s in answer.split(b"\r"))


@pytest.mark.parametrize(
    "filler", ["|", "^", "~", "&", "\\", "\r", "PID|\r", "MRG|^\r", "\\F", "x"]
)
def test_a_crowd_of_separators_costs_little(filler: str) -> None:
    crowd = (ADMISSION.replace("\n", "\r") + "~" + filler * 2**20).encode()[: 2**20]
    start = time.thread_time()
    read_adt(crowd)
    assert time.thread_time() - start < 5  # measured: below half a second
    tracemalloc.start()
    try:
        read_adt(crowd)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * 2**20
