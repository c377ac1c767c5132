"""A small C++ tokeniser, enough for lints: comments and the inside of literals never match a rule."""
import re
from typing import NamedTuple


class Token(NamedTuple):
    text: str
    line: int


_TOKEN = re.compile(
    r"""
    (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<raw>(?:u8|[uUL])?R"(?P<mark>[^()\\\s]{0,16})\(.*?\)(?P=mark)")
  | (?P<string>(?:u8|[uUL])?"(?:\\.|[^"\\\n])*")
  | (?P<number>\.?\d(?:'?[\w.]|[eEpP][+-])*)
  | (?P<char>(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
  | (?P<directive>^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<word>[A-Za-z_]\w*)
  | (?P<sign>::|->\*?|\.\.\.|<=>|&&|\|\||[^\s\w])
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)


def tokens(source):
    """The tokens of `source` without comments and directives; literals are reduced to their quotes."""
    found, line, at = [], 1, 0
    for match in _TOKEN.finditer(source):
        line += source.count("\n", at, match.start())
        at = match.start()
        kind = match.lastgroup if match.lastgroup != "mark" else "raw"
        if kind in ("comment", "directive"):
            continue
        text = '""' if kind in ("raw", "string") else "''" if kind == "char" else match.group()
        found.append(Token(text, line))
    return found


def without_comments(source):
    """`source` with comments and the inside of literals blanked out, every line where it was."""

    def blank(match):
        kind = match.lastgroup
        if kind == "comment":
            return re.sub(r"[^\n]", " ", match.group())
        if kind in ("raw", "mark", "string", "char"):
            text = match.group()
            return text[0] + re.sub(r"[^\n]", " ", text[1:-1]) + text[-1]
        return match.group()

    return _TOKEN.sub(blank, source)
