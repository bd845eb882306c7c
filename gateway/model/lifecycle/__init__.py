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
from gateway.model.lifecycle.register import Circumstances, register
from gateway.model.lifecycle.remove import remove
from gateway.model.lifecycle.update import update

__all__ = [
    "Changes",
    "Circumstances",
    "DocumentRecord",
    "FolderTouch",
    "Known",
    "StatusChange",
    "register",
    "remove",
    "update",
]
