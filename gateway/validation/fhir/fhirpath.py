"""FHIRPath compiled: an expression becomes functions that call one another.

The grammar is read by precedence; every piece is turned into a closure at once, so that nothing of
the text is looked at again when the expression is evaluated, which happens for every element there
is. An expression with a function that is not in the catalogue is refused when it is compiled; the
caller may then ask another engine.

Source:
    HL7 FHIRPath 2.0: grammar, 6.8 operator precedence; HL7 FHIR R4 (4.0.1): 2.9.1 FHIRPath.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias

from gateway.validation.fhir.fhirpath_items import SYSTEM, UCUM, Item, is_type, members
from gateway.validation.fhir.fhirpath_values import (
    add,
    all_equal,
    boolean,
    compare,
    distinct,
    equal,
    equivalent,
    multiply,
    number,
    single,
    spelled,
    text,
    truth,
)
from gateway.validation.fhir.invariants import Focus, NotEvaluated

Items: TypeAlias = list[Item]
Expr: TypeAlias = "Callable[[Env], Items]"
Step: TypeAlias = "Callable[[Env, Items], Items]"
Function: TypeAlias = "Callable[[Env, Items, list[Any]], Items]"


class Env:
    """What an expression is evaluated in.

    Attributes:
        this: ``$this``, which names at the beginning of a path start from.
        index: ``$index``.
        total: ``$total``.
        focus: What the whole expression is about.
        start: The focus as a collection: ``%context``.
    """

    __slots__ = ("focus", "index", "start", "this", "total")

    def __init__(self, focus: Focus, start: Items) -> None:
        self.focus = focus
        self.start = start
        self.this = start
        self.index = 0
        self.total: Items = []

    def at(self, item: Item, index: int) -> Env:
        """Give the surroundings of one item of a collection."""
        inner = Env(self.focus, self.start)
        inner.this = [item]
        inner.index = index
        inner.total = self.total
        return inner


def evaluator(expression: str) -> Callable[[Focus], bool]:
    """Give a function that tells whether an expression holds of a focus.

    Raises:
        NotEvaluated: When the expression is not understood.
    """
    run = program(expression)

    def holds(focus: Focus) -> bool:
        # What has no answer (an empty collection) breaks no rule.
        return boolean(run(Env(focus, [item_of(focus)]))) is not False

    return holds


def evaluate(expression: str, focus: Focus) -> Items:
    """Give what an expression yields.

    Raises:
        NotEvaluated: When it is not understood, or cannot be evaluated.
    """
    return program(expression)(Env(focus, [item_of(focus)]))


def item_of(focus: Focus) -> Item:
    """Make the item a focus is."""
    value = focus.value
    type_code = focus.type_code
    if type(value) is dict and type(value.get("resourceType")) is str:
        type_code = value["resourceType"]
    return Item(value, type_code, focus.said)


@cache
def program(expression: str) -> Expr:
    """Compile an expression, once.

    Raises:
        NotEvaluated: When it is not understood.
    """
    parser = _Parser(expression)
    made = parser.expression(0)
    if parser.token[0] != "end":
        raise parser.problem()
    return made


# --- Reading -------------------------------------------------------------------------------------

_TOKENS = re.compile(
    r"""(?P<blank>\s+|//[^\n]*|/\*.*?\*/)
    |(?P<time>@(?:T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?
        |[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?
        (?:T(?:[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?))
    |(?P<number>[0-9]+(?:\.[0-9]+)?)
    |(?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*|`(?:[^`\\]|\\.)*`)
    |(?P<variable>%(?:[A-Za-z_][A-Za-z0-9_\-]*|`[^`]*`|'[^']*'))
    |(?P<special>\$(?:this|index|total))
    |(?P<sign><=|>=|!=|!~|[=~<>|.,()\[\]{}+\-*/&])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t", "f": "\f"}
_BINDING = {
    "implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4,
    "=": 5, "~": 5, "!=": 5, "!~": 5, "<": 6, "<=": 6, ">": 6, ">=": 6,
    "|": 7, "is": 8, "as": 8, "+": 9, "-": 9, "&": 9, "*": 10, "/": 10, "div": 10, "mod": 10,
}  # fmt: skip
_UNARY = 11
_UNITS = re.compile(r"(?:year|month|week|day|hour|minute|second|millisecond)s?\Z")


class _Parser:
    """Reads an expression, and makes its functions."""

    def __init__(self, expression: str) -> None:
        self.tokens: list[tuple[str, str]] = []
        at = 0
        while at < len(expression):
            match = _TOKENS.match(expression, at)
            if match is None:
                raise NotEvaluated(f"unexpected {expression[at : at + 10]!r} in the expression")
            at = match.end()
            if match.lastgroup != "blank":
                self.tokens.append((str(match.lastgroup), match[0]))
        self.tokens.append(("end", ""))
        self.at = 0

    @property
    def token(self) -> tuple[str, str]:
        return self.tokens[self.at]

    def problem(self) -> NotEvaluated:
        """Say what is not understood."""
        return NotEvaluated(f"unexpected {self.token[1] or 'end'!r} in the expression")

    def take(self, word: str) -> bool:
        """Step over a sign or word that stands here."""
        if self.token[1] == word and self.token[0] in ("sign", "name"):
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise self.problem()

    def expression(self, least: int) -> Expr:
        """Read operators that bind more strongly than ``least``."""
        left = self.unary()
        while True:
            kind, word = self.token
            strength = _BINDING.get(word, 0) if kind in ("sign", "name") else 0
            if strength <= least:
                return left
            self.at += 1
            if word in ("is", "as"):
                left = _typed(left, word, self.type_name())
            else:
                left = _OPERATORS[word](left, self.expression(strength), word)

    def unary(self) -> Expr:
        for sign in "+-":
            if self.take(sign):
                operand = self.expression(_UNARY)
                return operand if sign == "+" else _negated(operand)
        return self.path()

    def path(self) -> Expr:
        made = self.term()
        while True:
            if self.take("."):
                made = _joined(made, self.invocation())
            elif self.take("["):
                made = _indexed(made, self.expression(0))
                self.expect("]")
            else:
                return made

    def term(self) -> Expr:
        kind, word = self.token
        if kind == "name" and word not in ("true", "false"):
            return _from_this(self.invocation(first=True))
        self.at += 1
        match kind:
            case "name":
                return _constant(truth(word == "true"))
            case "string":
                return _constant([text(_unescaped(word))])
            case "number":
                return self.amount(word)
            case "time":
                return _constant([_moment(word)])
            case "variable":
                return _variable(word[1:].strip("`'"))
            case "special":
                return _SPECIAL[word]
        if word == "(":
            made = self.expression(0)
            self.expect(")")
            return made
        if word == "{":
            self.expect("}")
            return _constant([])
        self.at -= 1
        raise self.problem()

    def amount(self, word: str) -> Expr:
        """Read a number, or a quantity when a unit follows."""
        kind, unit = self.token
        if kind == "string" or (kind == "name" and _UNITS.match(unit)):
            self.at += 1
            unit = _unescaped(unit) if kind == "string" else unit
            return _constant([Item((Decimal(word), unit), SYSTEM + "Quantity")])
        return _constant([number(Decimal(word) if "." in word else int(word))])

    def invocation(self, *, first: bool = False) -> Step:
        kind, word = self.token
        if kind == "special" and word == "$this":
            self.at += 1
            return lambda env, items: items
        if kind != "name":
            raise self.problem()
        self.at += 1
        if self.take("("):
            return self.function(word)
        name = _unescaped(word) if word[0] == "`" else word
        return _root(name) if first and name[:1].isupper() else _member(name)

    def function(self, name: str) -> Step:
        from gateway.validation.fhir.fhirpath_functions import FUNCTIONS

        known = FUNCTIONS.get(name)
        if known is None:
            raise NotEvaluated(f"the function {name}() is not known")
        function, least, most = known
        given: list[Any] = []
        if not self.take(")"):
            while True:
                given.append(self.argument(name))
                if self.take(")"):
                    break
                self.expect(",")
        if not least <= len(given) <= most:
            raise NotEvaluated(f"{name}() with {len(given)} arguments")
        return lambda env, items: function(env, items, given)

    def argument(self, function: str) -> Any:
        """Read an argument: the name of a type, an order with its direction, an expression."""
        if function in ("is", "as", "ofType"):
            return self.type_name()
        if function == "sort":
            return self.take("-"), self.expression(0)
        return self.expression(0)

    def type_name(self) -> tuple[str, str]:
        """Read the name of a type: namespace, empty where none is said, and name."""
        in_brackets = self.take("(")
        names = []
        while True:
            kind, word = self.token
            if kind != "name":
                raise self.problem()
            self.at += 1
            names.append(word.strip("`"))
            if not self.take("."):
                break
        if in_brackets:
            self.expect(")")
        return (names[0], names[1]) if len(names) > 1 else ("", names[0])


def _unescaped(word: str) -> str:
    def character(match: re.Match[str]) -> str:
        said = match[1]
        return chr(int(said[1:], 16)) if len(said) > 1 else _ESCAPED.get(said, said)

    return _ESCAPE.sub(character, word[1:-1])


def _moment(word: str) -> Item:
    if word[1] == "T":
        return Item(word[2:], SYSTEM + "Time")
    return Item(word[1:].rstrip("T"), SYSTEM + ("DateTime" if "T" in word else "Date"))


# --- Making functions ----------------------------------------------------------------------------


def _constant(items: Items) -> Expr:
    return lambda env: items


def _from_this(step: Step) -> Expr:
    return lambda env: step(env, env.this)


def _joined(left: Expr, step: Step) -> Expr:
    return lambda env: step(env, left(env))


def _member(name: str) -> Step:
    def step(env: Env, items: Items) -> Items:
        if len(items) == 1:
            return members(items[0], name)
        return [found for item in items for found in members(item, name)]

    return step


def _root(name: str) -> Step:
    """A name with a capital at the beginning may be the type of the focus."""
    member = _member(name)

    def step(env: Env, items: Items) -> Items:
        found = [item for item in items if is_type(item, "", name)]
        return found or member(env, items)

    return step


def _indexed(left: Expr, index: Expr) -> Expr:
    def evaluate_index(env: Env) -> Items:
        items, at = left(env), single(index(env))
        if at is None or type(at.value) is not int or not 0 <= at.value < len(items):
            return []
        return [items[at.value]]

    return evaluate_index


def _negated(operand: Expr) -> Expr:
    def negative(env: Env) -> Items:
        item = single(operand(env))
        if item is None:
            return []
        made = multiply(item, number(-1), "*")
        return [] if made is None else [made]

    return negative


def _typed(left: Expr, word: str, named: tuple[str, str]) -> Expr:
    namespace, name = named

    def is_of(env: Env) -> Items:
        item = single(left(env))
        return [] if item is None else truth(is_type(item, namespace, name))

    def as_of(env: Env) -> Items:
        item = single(left(env))
        return [item] if item is not None and is_type(item, namespace, name) else []

    return is_of if word == "is" else as_of


_SPECIAL: dict[str, Expr] = {
    "$this": lambda env: env.this,
    "$index": lambda env: [number(env.index)],
    "$total": lambda env: env.total,
}
_URLS = {
    "ucum": UCUM,
    "sct": "http://snomed.info/sct",
    "loinc": "http://loinc.org",
}


def _variable(name: str) -> Expr:
    if name == "context":
        return lambda env: env.start
    if name == "resource":
        return lambda env: [_resource(env.focus.resource)]
    if name == "rootResource":
        return lambda env: [_resource(env.focus.root)]
    if name in _URLS:
        return _constant([text(_URLS[name])])
    if name.startswith("vs-"):
        return _constant([text(f"http://hl7.org/fhir/ValueSet/{name[3:]}")])
    if name.startswith("ext-"):
        return _constant([text(f"http://hl7.org/fhir/StructureDefinition/{name[4:]}")])
    raise NotEvaluated(f"the variable %{name} is not known")


def _resource(value: dict[str, Any]) -> Item:
    return Item(value, str(value.get("resourceType", "")))


def _logic(left: Expr, right: Expr, word: str) -> Expr:
    def both(env: Env) -> Items:
        one = boolean(left(env))
        if one is False:
            return truth(False)
        other = boolean(right(env))
        return truth(False if other is False else True if one and other else None)

    def either(env: Env) -> Items:
        one = boolean(left(env))
        if one:
            return truth(True)
        other = boolean(right(env))
        return truth(True if other else False if one is False and other is False else None)

    def only_one(env: Env) -> Items:
        one, other = boolean(left(env)), boolean(right(env))
        return truth(None if one is None or other is None else one != other)

    def follows(env: Env) -> Items:
        one = boolean(left(env))
        if one is False:
            return truth(True)
        other = boolean(right(env))
        return truth(True if other else other if one else None)

    return {"and": both, "or": either, "xor": only_one, "implies": follows}[word]


def _equality(left: Expr, right: Expr, word: str) -> Expr:
    if word in "!~":
        return lambda env: truth(equivalent(left(env), right(env)) == (word == "~"))

    def equals(env: Env) -> Items:
        answer = all_equal(left(env), right(env))
        return truth(answer if answer is None or word == "=" else not answer)

    return equals


def _inequality(left: Expr, right: Expr, word: str) -> Expr:
    holds: Callable[[int], bool] = {
        "<": lambda order: order < 0,
        "<=": lambda order: order <= 0,
        ">": lambda order: order > 0,
        ">=": lambda order: order >= 0,
    }[word]

    def ordered(env: Env) -> Items:
        one, other = single(left(env)), single(right(env))
        if one is None or other is None or one.value is None or other.value is None:
            return []
        order = compare(one, other)
        return truth(None if order is None else holds(order))

    return ordered


def _arithmetic(left: Expr, right: Expr, word: str) -> Expr:
    def calculate(env: Env) -> Items:
        one, other = single(left(env)), single(right(env))
        if word == "&":
            return [text("".join(spelled(i) or "" for i in (one, other) if i is not None))]
        if one is None or other is None:
            return []
        if word in "+-":
            made = add(one, other, 1 if word == "+" else -1)
        else:
            made = multiply(one, other, word)
        return [] if made is None else [made]

    return calculate


def _union(left: Expr, right: Expr, word: str) -> Expr:
    return lambda env: distinct([*left(env), *right(env)])


def _membership(left: Expr, right: Expr, word: str) -> Expr:
    one, many = (left, right) if word == "in" else (right, left)

    def is_in(env: Env) -> Items:
        item = single(one(env))
        if item is None:
            return []
        return truth(any(equal(item, other) for other in many(env)))

    return is_in


_OPERATORS: dict[str, Callable[[Expr, Expr, str], Expr]] = {
    **dict.fromkeys(("and", "or", "xor", "implies"), _logic),
    **dict.fromkeys(("=", "!=", "~", "!~"), _equality),
    **dict.fromkeys(("<", "<=", ">", ">="), _inequality),
    **dict.fromkeys(("+", "-", "&", "*", "/", "div", "mod"), _arithmetic),
    **dict.fromkeys(("in", "contains"), _membership),
    "|": _union,
}
