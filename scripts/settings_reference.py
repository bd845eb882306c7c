"""Write docs/reference/settings.md from gateway/settings/: ``make settings``.

A test compares the stored page with what this module writes, so the page cannot fall behind.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ByteSize
from pydantic_core import PydanticUndefined

from gateway.settings import CONFIG_FILE, CONFIG_VARIABLE, Settings, rule, variable

PAGE = Path(__file__).parent.parent / "docs" / "reference" / "settings.md"

HEAD = f"""\
# Settings

<!-- Written by `make settings` from gateway/settings/; edit those files. -->

Each setting can be given, strongest first:

1. on the command line of `gateway serve`, where there is an option for it;
2. in the environment, as `GATEWAY_` and its name in capitals;
3. in a TOML file: the one `{CONFIG_VARIABLE}` names, else `./{CONFIG_FILE}` where there is one.

An empty variable counts as not given. A value that cannot be used stops the start: one message
names every such setting, its variable and its rule, and the exit status is 2. `gateway settings`
prints the values in force and where each comes from.

```toml
# {CONFIG_FILE}
port = 9090
data = "/srv/gateway"
patients = "known"
max_document_octets = "200 MiB"
```

| Setting | Environment | Default | Value |
|---|---|---|---|
"""


def default(field: str) -> str:
    """Spell a field's default as one would write it."""
    info = Settings.model_fields[field]
    if info.default is PydanticUndefined:
        return "beside the program"
    if info.default is None or info.default == "":
        return "none"
    if isinstance(info.default, ByteSize):
        return f"`{info.default.human_readable(separator=' ').replace('.0', '')}`"
    return f"`{info.default}`"


def page() -> str:
    """Write the whole page."""
    rows = [
        f"| [`{name}`](#{name}) | `{variable(name)}` | {default(name)} | {rule(name)} |"
        for name in Settings.model_fields
    ]
    parts = [f"## {name}\n\n{field.description}\n" for name, field in Settings.model_fields.items()]
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(parts)


def main() -> None:
    """Store the page."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
