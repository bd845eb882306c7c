"""Write docs/reference/errors.md from the table in gateway/errors.py: ``make errors``.

A test compares the stored page with what this module writes, so the page cannot fall behind.
"""

from __future__ import annotations

from pathlib import Path

from gateway.codecs.fhir.vocabulary import ERROR_CODES
from gateway.errors import ErrorCode

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "errors.md"

HEAD = f"""\
# Errors

<!-- Written by `make errors` from gateway/errors.py; edit that file. -->

One table for both faces. Over XDS an error is a `RegistryError` with the `errorCode` of the first
column, in an answer that travels with HTTP 200. Over FHIR it is an issue of an `OperationOutcome`:

| Part of the issue | Holds |
|---|---|
| `severity` | `error`, or `warning` for what travels with a success |
| `code` | the issue code of the table |
| `details.coding` | the XDS code, in the system `{ERROR_CODES}` |
| `details.text` | the short name of the rule that was broken |
| `diagnostics` | what was announced, what was found, what to do |
| `expression` | the element it is about, or the parameter or header |

An answer with several errors has the status of the first one; a fault of ours (5xx) outweighs them.
An answer with status 503 says in `Retry-After` when to try again. What FHIR clients are told comes
in the form they accept, JSON or XML.

## XDS codes

| XDS code | FHIR issue code | HTTP status | Told when |
|---|---|---|---|
"""

FHIR_HEAD = """
## What only the FHIR face says

These are told apart by their status and issue code; over XDS they travel as the code named here.

| HTTP status | FHIR issue code | XDS code | Told when |
|---|---|---|---|
"""


def page() -> str:
    """Write the whole page."""
    seen: set[str] = set()
    shared, own = [], []
    for code in ErrorCode:
        if code.xds in seen:
            own.append(code)
        else:
            shared.append(code)
        seen.add(code.xds)
    shared.sort(key=lambda code: code.xds.lower())
    own.sort(key=lambda code: (code.http_status, code.fhir_issue))
    rows = [
        f"| `{c.xds}` | `{c.fhir_issue}` | {c.http_status} | {c.form.meaning} |\n" for c in shared
    ]
    own_rows = [
        f"| {c.http_status} | `{c.fhir_issue}` | `{c.xds}` | {c.form.meaning} |\n" for c in own
    ]
    return HEAD + "".join(rows) + FHIR_HEAD + "".join(own_rows)


def main() -> None:
    """Store the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
