"""Credentials that were used, and by whom, in the registry's file: known to every worker.

Source:
    WSS SAML Token Profile 1.1.1: 6.4; SAML 2.0 profiles: 4.1.4.5 (replay).
"""

from __future__ import annotations

from gateway.storage.sqlite.file import RegistryFile

_CLIENT = "SELECT holder FROM used_credential WHERE id = ?"
_FORGOTTEN = 100
"""Credentials that are forgotten at most, whenever one is remembered."""


class SqliteReplayMemory:
    """Remembers the first use of a credential until it expires, restarts included."""

    def __init__(self, file: RegistryFile) -> None:
        self._file = file

    async def remember(self, key: str, client: str, until: str) -> bool:
        """Keep that a client used a credential, unless another one did before.

        Of two calls at once, on whichever workers, one is first; durable on return.

        Args:
            key: Of the credential.
            client: Who uses it; a text no other use may have where every use must be the only one.
            until: When it may be forgotten, DTM text of 14 digits, UTC.

        Returns:
            Whether the credential was unused, or used by this same client.
        """
        file = self._file
        known = file.reading.execute(_CLIENT, (key,)).fetchone()
        if known is not None:
            return bool(known[0] == client)
        now = file.clock.now()

        def job() -> bool:
            execute = file.connection.execute
            known = execute(_CLIENT, (key,)).fetchone()
            if known is not None:
                return bool(known[0] == client)
            execute(
                "DELETE FROM used_credential WHERE id IN "
                "(SELECT id FROM used_credential WHERE expires < ? LIMIT ?)",
                (now, _FORGOTTEN),
            )
            execute(
                "INSERT INTO used_credential (id, expires, holder) VALUES (?, ?, ?)",
                (key, until, client),
            )
            return True

        return await file.writer.run(job)
