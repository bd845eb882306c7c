from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from gateway.settings import Settings, SettingsError, read_settings, rule, sources_of, with_port
from scripts.settings_reference import PAGE, page


@pytest.fixture(autouse=True)
def _a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A working folder without a gateway.toml, and profiles to choose from."""
    for name in ("ihe", "zz"):
        (tmp_path / "profiles" / name).mkdir(parents=True)
        (tmp_path / "profiles" / name / "profile.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GATEWAY_PROFILES", "profiles")


def trouble(**command_line: object) -> str:
    with pytest.raises(SettingsError) as caught:
        read_settings(command_line)
    return str(caught.value)


def test_the_defaults_are_usable_and_stay_on_this_machine() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.profile) == ("127.0.0.1", 8080, "ihe")
    assert settings.base_url == "http://127.0.0.1:8080"
    assert settings.mllp_port is None


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        read_settings().port = 1  # type: ignore[misc]


def test_the_command_line_outranks_the_environment_and_the_environment_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gateway.toml").write_text('port = 1\npage_size = 1\nprofile = "zz"\n')
    monkeypatch.setenv("GATEWAY_PORT", "2")
    monkeypatch.setenv("GATEWAY_PAGE_SIZE", "2")
    settings = read_settings({"port": 3, "host": None})
    assert (settings.port, settings.page_size, settings.profile) == (3, 2, "zz")
    names = {field: source.name for field, source in sources_of({"port": 3}).items()}
    assert names["port"] == "--port"
    assert names["page_size"] == "GATEWAY_PAGE_SIZE"
    assert names["profile"] == "gateway.toml"
    assert names["host"] == "default"


def test_the_environment_may_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other.toml").write_text("port = 9090\n")
    monkeypatch.setenv("GATEWAY_CONFIG", "other.toml")
    assert read_settings().port == 9090


@pytest.mark.parametrize("content", ["port = ", "port = 1\nport = 2", "\xff"])
def test_a_file_that_is_no_toml_is_named(
    content: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.toml").write_text(content, encoding="latin-1")
    monkeypatch.setenv("GATEWAY_CONFIG", "broken.toml")
    assert "broken.toml cannot be read" in trouble()


def test_a_file_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_CONFIG", "absent.toml")
    assert trouble() == "GATEWAY_CONFIG names absent.toml, which is not a file."


def test_an_unknown_name_in_the_file_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    (tmp_path / "gateway.toml").write_text("prot = 9090\n")
    assert "did you mean port?" in trouble()


def test_variables_of_others_with_our_prefix_are_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # A Kubernetes service called gateway announces itself so to every pod beside it.
    monkeypatch.setenv("GATEWAY_SERVICE_HOST", "10.0.0.1")
    read_settings()


def test_an_empty_variable_counts_as_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "")
    monkeypatch.setenv("GATEWAY_PUBLIC_URL", "")
    assert read_settings().port == 8080
    assert sources_of()["port"].name == "default"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("port", "eighty"),
        ("port", "65536"),
        ("port", "-1"),
        ("host", "http://127.0.0.1"),
        ("host", " "),
        ("public_url", "gateway.example"),
        ("public_url", "ftp://gateway.example"),
        ("public_url", "https://"),
        ("public_url", "https://gateway.example/?a=b"),
        ("auth", "basic"),
        ("profile", "../etc"),
        ("profile", "yy"),
        ("profiles", "nowhere"),
        ("data", "profiles/ihe/profile.toml/below"),
        ("patients", "some"),
        ("assigning_authority", "2.999.01"),
        ("repository_unique_id", "urn:oid:2.999"),
        ("repository_unique_id", "2.999" + ".1" * 40),
        ("home_community_id", "2.999"),
        ("mllp_port", "many"),
        ("max_root_octets", "1 KiBi"),
        ("max_root_octets", "10"),
        ("max_document_octets", "-1"),
        ("max_results", "0"),
        ("max_page_size", "100000"),
        ("page_size", "501"),
        ("log_level", "loud"),
        ("log_format", "xml"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field_variable_and_rule(
    field: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"GATEWAY_{field.upper()}", value)
    message = trouble()
    assert f"  {field}: " in message
    assert f"GATEWAY_{field.upper()}" in message
    assert f"must be {rule(field)}" in message
    assert "pydantic" not in message


def test_every_wrong_value_is_told_at_once() -> None:
    message = trouble(port="eighty", log_format="xml", profile="yy/")
    assert "3 settings" in message
    assert "(here from --log-format)" in message


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example"])
def test_without_authentication_only_a_loopback_address_will_do(host: str) -> None:
    message = trouble(host=host)
    assert f"host {host} can be reached from other machines" in message
    assert "loopback" in message


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_every_loopback_address_will_do(host: str) -> None:
    assert read_settings({"host": host}).host == host


def test_the_feed_stays_on_this_machine_too() -> None:
    assert "mllp_host" in trouble(mllp_port=2575, mllp_host="0.0.0.0")
    assert read_settings({"mllp_host": "0.0.0.0"}).mllp_port is None


@pytest.mark.parametrize("off", ["none", "0", 0, None])
def test_the_feed_can_be_switched_off(off: object) -> None:
    assert read_settings({"mllp_port": off}).mllp_port is None


def test_octets_may_be_written_with_their_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_MAX_DOCUMENT_OCTETS", "200 MiB")
    assert read_settings().max_document_octets == 200 * 1024 * 1024


def test_the_public_address_is_the_base_of_links() -> None:
    assert read_settings({"public_url": "https://gw.example/x/"}).base_url == "https://gw.example/x"
    assert read_settings({"host": "::1", "port": 1}).base_url == "http://[::1]:1"
    assert with_port(read_settings({"port": 0}), 5).base_url == "http://127.0.0.1:5"


def test_every_field_is_described_and_has_a_rule() -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert rule(name), name


def test_the_reference_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make settings`"
