"""A tree of elements and its text: just enough to write readable CDA.

Nothing here reads XML. Elements whose children are all elements are indented; an element with
text of its own is kept on one line, so that no white space is added to a narrative.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its name as written (prefix included), attributes in order, content."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    content: tuple[Element | str, ...]

    def text(self, depth: int = 0) -> str:
        """The element as indented XML text, without a final line end."""
        attributes = "".join(f" {name}={quoteattr(value)}" for name, value in self.attributes)
        start = f"{'  ' * depth}<{self.name}{attributes}"
        if not self.content:
            return f"{start}/>"
        if any(isinstance(part, str) for part in self.content):
            inner = "".join(
                escape(part) if isinstance(part, str) else part.text() for part in self.content
            )
            return f"{start}>{inner}</{self.name}>"
        lines = (part.text(depth + 1) for part in self.content if isinstance(part, Element))
        return "\n".join([f"{start}>", *lines, f"{'  ' * depth}</{self.name}>"])


Content = Element | str | None


def element(name: str, *content: Content, **attributes: str | None) -> Element:
    """An element; ``None`` among content and attributes is left out.

    A keyword that is a Python word or needs a prefix is written ``class_`` or ``xsi__type``.
    """
    return Element(
        name,
        tuple(
            (key.rstrip("_").replace("__", ":"), value)
            for key, value in attributes.items()
            if value is not None
        ),
        tuple(part for part in content if part is not None),
    )


def document(root: Element) -> bytes:
    """A whole document in UTF-8."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{root.text()}\n'.encode()
