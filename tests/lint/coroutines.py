"""Finds the co_await statements that GCC 12 compiles into a double free.

GCC 12 destroys some temporaries twice when they live in the same full expression as a co_await: braced aggregates, what
a conditional operator yields, and lambdas that capture by value. A capturing coroutine lambda that is called where it
stands is worse, under every compiler: its captures die at the first suspension. The cure is the same for all: give the
value a name in a statement of its own, then await. `// await-ok: <reason>` on the line of the co_await allows one.
"""
from cpp import tokens

_OPEN = {"(": ")", "[": "]", "{": "}"}
_CONTROL = {"if", "while", "for", "switch"}
_BLOCK_AFTER = {")", ";", "{", "}", "else", "do", "try", "const", "noexcept", "override", "final", "mutable", ":"}
# Nothing to destroy twice.
_TRIVIAL = {"milliseconds", "seconds", "minutes", "hours", "days", "Duration", "WallTime", "MonoTime", "string_view"}
_HEADS = {"namespace", "struct", "class", "union", "enum", "extern"}


def _matching(stream, at):
    """The index of the bracket that closes the one at `at`."""
    depth = 0
    for index in range(at, len(stream)):
        if stream[index].text in _OPEN:
            depth += 1
        elif stream[index].text in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return index
    return len(stream) - 1


def _is_lambda_introducer(stream, at):
    """Whether the `[` at `at` begins a lambda rather than a subscript, an attribute or a structured binding."""
    if at + 1 < len(stream) and stream[at + 1].text == "[":
        return False
    before = stream[at - 1].text if at else ";"
    if before in (")", "]", "[", '""') or (before[0].isalnum() or before[0] == "_") and before not in ("return", "co_return", "co_await"):
        return False
    if before in ("&", "&&") and at >= 2 and stream[at - 2].text == "auto":
        return False
    after = stream[min(_matching(stream, at) + 1, len(stream) - 1)].text
    return after in ("(", "{", "mutable", "->", "<", "noexcept", "constexpr")


def _is_block(stream, start, at):
    """Whether the `{` at `at`, in a statement that began at `start`, opens a block rather than a braced value."""
    if at == start:
        return True
    before = stream[at - 1].text
    if before in _BLOCK_AFTER:
        return True
    if before == "]":  # [&] { ... }
        depth, index = 0, at - 1
        while index >= start:
            depth += {"]": 1, "[": -1}.get(stream[index].text, 0)
            if depth == 0:
                break
            index -= 1
        return _is_lambda_introducer(stream, index)
    if any(stream[index].text in _HEADS for index in range(start, at)) and not any(
        stream[index].text in ("(", "=") for index in range(start, at)
    ):
        return True
    index = at - 1  # -> Type { ... }
    while index >= start and (stream[index].text[0].isalnum() or stream[index].text in ("::", "<", ">", ",", "*", "&", "_") or stream[index].text[0] == "_"):
        index -= 1
    return index > start and stream[index].text == "->" and stream[index - 1].text in (")", "]", "mutable", "noexcept")


class _Expression:
    """What one full expression holds beside its co_await."""

    def __init__(self):
        self.awaits, self.faults = [], []


def _copies(stream, start, end):
    """Whether the capture list between `start` and `end` copies anything."""
    depth, item, items = 0, [], []
    for token in stream[start + 1 : end]:
        if token.text == "," and depth == 0:
            items.append(item)
            item = []
            continue
        depth += 1 if token.text in _OPEN else -1 if token.text in (")", "]", "}") else 0
        item.append(token.text)
    if item:
        items.append(item)
    return any(item[0] != "&" and item != ["this"] for item in items if item)


class _Walk:
    def __init__(self, stream):
        self.stream, self.found = stream, []

    def report(self, expression):
        for line in expression.awaits:
            for fault in expression.faults:
                self.found.append((line, f"{fault} in the same expression as co_await; give it a name first"))

    def block(self, at, end):
        """Statements from `at` up to `end`."""
        while at < end:
            at = self.statement(at, end)

    def statement(self, at, end):
        start, expression = at, _Expression()
        while at < end:
            text = self.stream[at].text
            if text == ";":
                at += 1
                break
            if text in _CONTROL or text == "constexpr":
                opening = at + 1
                while opening < end and self.stream[opening].text == "constexpr":
                    opening += 1
                if text in _CONTROL and opening < end and self.stream[opening].text == "(":
                    closing = _matching(self.stream, opening)
                    self.block(opening + 1, closing)  # a for's parts end at ';' like statements
                    return closing + 1
            if text == "{" and _is_block(self.stream, start, at):
                closing = _matching(self.stream, at)
                self.block(at + 1, closing)
                at = closing + 1
                break
            at = self.part(at, end, start, expression)
        self.report(expression)
        return at

    def part(self, at, end, start, expression):
        """One token, or one bracketed group, of an expression."""
        text = self.stream[at].text
        if text == "co_await":
            expression.awaits.append(self.stream[at].line)
            return at + 1
        if text == "?":
            expression.faults.append("conditional operator")
            return at + 1
        if text == "[" and _is_lambda_introducer(self.stream, at):
            return self.lambda_(at, end, expression)
        if text in _OPEN:
            closing = _matching(self.stream, at)
            if text == "{" and closing > at + 1 and self.stream[at - 1].text not in _TRIVIAL:
                expression.faults.append("braced value")
            inner = at + 1
            while inner < closing:
                inner = self.part(inner, closing, start, expression)
            return closing + 1
        return at + 1

    def lambda_(self, at, end, expression):
        closing = _matching(self.stream, at)
        copies = _copies(self.stream, at, closing)
        if copies:
            expression.faults.append("lambda that captures by value")
        body, coroutine = closing + 1, False
        while body < end and self.stream[body].text != "{":
            if self.stream[body].text == ";":
                return body
            coroutine = coroutine or self.stream[body].text in ("Task", "awaitable")
            body = _matching(self.stream, body) + 1 if self.stream[body].text == "(" else body + 1
        if body >= end:
            return end
        closing = _matching(self.stream, body)
        self.block(body + 1, closing)
        called = closing + 1 < end and self.stream[closing + 1].text == "("
        if called and copies and (coroutine or any(t.text in ("co_await", "co_return") for t in self.stream[body:closing])):
            line = self.stream[at].line
            self.found.append((line, "capturing coroutine lambda called where it stands: its captures die with it"))
        return closing + 1


def check(source):
    """Pairs of line and fault."""
    stream = tokens(source)
    walk = _Walk(stream)
    walk.block(0, len(stream))
    lines = source.splitlines()
    allowed = {number + 1 for number, line in enumerate(lines) if "await-ok:" in line}
    return sorted({(line, fault) for line, fault in walk.found if line not in allowed})
