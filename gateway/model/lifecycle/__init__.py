"""What happens to registry objects over time, as pure functions.

``register``, ``update`` and ``remove`` take a checked message and what is :class:`Known`, and
answer with :class:`Changes` or refuse with every finding at once.
"""

from gateway.model.lifecycle.known import (
    Changes,
    DocumentRecord,
    FolderTouch,
    Known,
    StatusChange,
)

__all__ = ["Changes", "DocumentRecord", "FolderTouch", "Known", "StatusChange"]
