"""A process that submits documents as fast as it can and says which were acknowledged.

Started by ``test_crash.py``, which kills it. One line for each acknowledged submission: its number,
the document's digest, the entry's and the submission set's ids.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from gateway.model.lifecycle import Changes, DocumentRecord
from gateway.storage.fairness import share_the_interpreter
from gateway.storage.files import FileDocumentStore
from gateway.storage.sqlite import SqliteRegistryStore
from tests.storage.shelf import Maker, PickledFragments, SteppingClock, patient


async def main(folder: Path, life: int) -> None:
    share_the_interpreter()
    store = SqliteRegistryStore.open(folder / "r.sqlite", PickledFragments(), SteppingClock())
    documents = FileDocumentStore(folder / "documents")
    make = Maker()
    make.numbers = iter(range(life * 1_000_000 + 1, (life + 1) * 1_000_000))

    async def submit() -> None:
        staged = documents.stage()
        for _ in range(random.choice((1, 1, 1, 12))):
            staged.write(os.urandom(random.randrange(100_000)))
            await asyncio.sleep(0)
        staged.close()
        await staged.ready()
        received = staged.received("e")
        await documents.put_all((staged,))
        whose = patient(str(random.randrange(20)))
        entry, submission_set = make.entry(whose), make.submission_set(whose)
        assert entry.unique_id
        changes = Changes(
            added=(submission_set, make.link(submission_set, entry), entry),
            documents=(
                DocumentRecord(
                    unique_id=entry.unique_id,
                    mime_type="text/plain",
                    size=received.size,
                    sha1=received.sha1,
                    content=received.content,
                ),
            ),
            events=("submitted",),
        )
        await store.change(lambda known: changes)
        print(received.content, entry.unique_id, submission_set.entry_uuid, flush=True)

    async def go_on() -> None:
        while True:
            await submit()

    print("ready", flush=True)
    await asyncio.gather(*(go_on() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
