"""What can be told of an XPath expression without running it.

The compiler asks four things: which variables an expression reads, how it reads with others in
their place, whether it calls what a rule must not call, and which nodes a rule's context can match
at most. The last is why a rule set costs little: a context that names an element or a template is
tried on those nodes only, and a pattern whose templates a document does not have is not run at all.

Source:
    XPath 2.0 (second edition): A.2 lexical structure; XSLT 2.0: 5.5 patterns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

OWN_PREFIX = "gw-own"
"""Prefix of what the compiler adds to a stylesheet; no schema of the world declares it."""

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"]|"")*"|'(?:[^']|'')*')
    |(?P<comment>\(:.*?:\))
    |(?P<variable>\$\s*[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)
    |(?P<name>[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)
    |(?P<number>\d[\w.]*)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)

_DOCUMENTS = frozenset({"doc", "document", "fn:doc", "fn:document"})
_FORBIDDEN = frozenset(
    {
        "available-environment-variables",
        "collection",
        "doc-available",
        "environment-variable",
        "json-doc",
        "load-xquery-module",
        "transform",
        "unparsed-text",
        "unparsed-text-available",
        "unparsed-text-lines",
        "uri-collection",
    }
)


class ForbiddenCall(Exception):
    """An expression calls a function that reaches outside the rule set."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The nodes a context can match at most.

    Attributes:
        select: An XPath expression that gives them, from the document.
        needs: For each way to match, what a document must have: names of elements, and template
            identifiers written ``#`` and the identifier.
    """

    select: str
    needs: tuple[frozenset[str], ...]


def variables(expression: str) -> frozenset[str]:
    """Give the names of the variables an expression takes from around it."""
    if "$" not in expression:
        return frozenset()
    read: set[str] = set()
    bound: set[str] = set()
    tokens = [(kind, token) for kind, token in _tokens(expression) if not token.isspace()]
    for (kind, token), (_, after) in zip(tokens, [*tokens[1:], ("", "")], strict=True):
        if kind == "variable":
            # `for $x in …`, `let $x := …`: its own.
            (bound if after in {"in", ":"} else read).add(token[1:].strip())
    return frozenset(read - bound)


def with_variables(expression: str, replacement: Mapping[str, str]) -> str:
    """Give the expression with each ``$name`` that is known replaced by a text."""
    if not replacement or "$" not in expression:
        return expression
    return "".join(
        replacement.get(token[1:].strip(), token) if kind == "variable" else token
        for kind, token in _tokens(expression)
    )


def literals(expression: str) -> Iterator[str]:
    """Give the texts an expression is written with."""
    for kind, token in _tokens(expression):
        if kind == "string":
            yield token[1:-1].replace(token[0] * 2, token[0])


def guarded(expression: str) -> str:
    """Give the expression with its documents asked from the engine, which knows the folders.

    Raises:
        ForbiddenCall: When it calls what reads files, the network or the environment otherwise.
    """
    if "(" not in expression and "#" not in expression:
        return expression
    tokens = list(_tokens(expression))
    for at, (kind, token) in enumerate(tokens):
        if kind != "name":
            continue
        after = next((t for k, t in tokens[at + 1 :] if k != "comment" and not t.isspace()), "")
        if after not in {"(", "#"}:
            continue
        if token in _DOCUMENTS:
            tokens[at] = (kind, f"{OWN_PREFIX}:document")
        elif token.removeprefix("fn:") in _FORBIDDEN:
            raise ForbiddenCall(token)
    return "".join(token for _, token in tokens)


def candidates(context: str) -> Candidates:
    """Give the nodes the context of a rule can match at most."""
    selects: list[str] = []
    needs: list[frozenset[str]] = []
    for branch in _split(context, _is_union):
        select, needed = _branch(branch.strip())
        selects.append(select)
        needs.append(needed)
    return Candidates(joined(selects), tuple(needs))


def joined(selects: Iterable[str]) -> str:
    """Give one expression for the nodes of several."""
    different = list(dict.fromkeys(selects))
    if EVERYTHING in different:
        return EVERYTHING
    return " | ".join(different) or "()"


EVERYTHING = "/descendant-or-self::node()[not(self::text())]/(. | @*)"

_NAME = r"[^\W\d][\w.\-]*"
_STEP = re.compile(rf"(?:child::)?(?:(?:{_NAME}|\*):)?(?P<name>{_NAME}|\*)\s*(?P<predicates>\[.*)?")
_TEMPLATE = re.compile(
    rf"""(?:\./)?(?:(?:{_NAME}|\*):)?templateId\s*(?:/\s*@root\s*=\s*(?P<a>"[^"]*"|'[^']*')
    |\[\s*@root\s*=\s*(?P<b>"[^"]*"|'[^']*')\s*\])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Step:
    name: str
    template: str | None

    @property
    def needs(self) -> Iterator[str]:
        """What a document must have for this step to match."""
        if self.name != "*":
            yield self.name
        if self.template is not None:
            yield f"#{self.template}"

    @property
    def select(self) -> str | None:
        """The elements of the whole document this step alone can match."""
        if self.template is not None:
            return f"key('{OWN_PREFIX}:template', '{self.template}')"
        return None if self.name == "*" else f"key('{OWN_PREFIX}:name', '{self.name}')"


def _branch(branch: str) -> tuple[str, frozenset[str]]:
    if branch == "/":
        return "/", frozenset()
    steps = [_step(part.strip()) for part in _split(branch, lambda token: token == "/")]
    needs = frozenset(need for step in steps if step is not None for need in step.needs)
    last = steps[-1]
    if last is None:
        return EVERYTHING, needs
    if last.select is not None:
        return last.select, needs
    # `parent/*`: an empty part between the two would be `//`, which says nothing of the parent.
    parent = steps[-2] if len(steps) > 1 else None
    if parent is not None and parent.select is not None:
        return f"{parent.select}/*", needs
    return "//*", needs


def _step(text: str) -> _Step | None:
    found = _STEP.fullmatch(text)
    if found is None:
        return None
    template = None
    predicates = found["predicates"] or ""
    for predicate in _predicates(predicates):
        for condition in _conditions(predicate):
            match = _TEMPLATE.fullmatch(condition.strip())
            if match is not None and template is None:
                oid = (match["a"] or match["b"])[1:-1]
                template = oid if re.fullmatch(r"[\w.\-]+", oid) else None
    return _Step(found["name"], template)


def _predicates(text: str) -> Iterator[str]:
    """The contents of ``[a][b]``."""
    depth, content = 0, ""
    for kind, token in _tokens(text):
        opens, closes = (token == "[", token == "]") if kind == "other" else (False, False)
        if opens:
            depth += 1
            if depth == 1:
                content = ""
                continue
        if closes:
            depth -= 1
            if depth == 0:
                yield content
                continue
        content += token


def _conditions(predicate: str) -> Iterator[str]:
    """What must all be true in a predicate; nothing where one of several is enough."""
    if any(True for _ in _top_level(predicate, lambda token: token in {"or", ","})):
        return
    yield from _split(predicate, lambda token: token == "and")


def _is_union(token: str) -> bool:
    return token in {"|", "union"}


def _split(text: str, separates: Callable[[str], bool]) -> Iterator[str]:
    """The parts between separators that stand in no bracket, literal or comment."""
    start = 0
    for at, token in _top_level(text, separates):
        yield text[start:at]
        start = at + len(token)
    yield text[start:]


def _top_level(text: str, wanted: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    depth, at = 0, 0
    for kind, token in _tokens(text):
        if kind == "other" and token in "([{":
            depth += 1
        elif kind == "other" and token in ")]}":
            depth -= 1
        elif depth == 0 and kind in {"other", "name"} and wanted(token):
            yield at, token
        at += len(token)


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    for match in _TOKEN.finditer(expression):
        yield match.lastgroup or "other", match[0]
