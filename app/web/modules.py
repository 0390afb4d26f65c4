"""Module linker: joins the ES modules of assets/ into one file for every page and one for each page's own.

A module is written for browsers as it is, with this much of the language's module syntax, each statement on a line that it begins:
`import "./a.js"`, `import * as a from "./a.js"`, `import { b, c as d } from "./a.js"`, and `export` in front of a function, a
constant or a class. Anything else is refused, and so are circles. In a file each module is a function that runs once, in the
order of its imports, and returns what it exports. Comments are left out, their lines stay; a text over several lines must have none
that begins like a comment.
"""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_IMPORT: Final = re.compile(r'^import (?:(\* as \w+|\{[\w\s,]+\}) from )?"(\.{1,2}/[\w./-]+)";$')
_COMMENT: Final = re.compile(r"^[ \t]*(?://[^\n]*$|/\*.*?\*/[ \t]*)|/\*\* @.*?\*/ ?", re.MULTILINE | re.DOTALL)
"""Comments that begin a line, up to their own end, and types within a line; behind code `//` may be part of a text."""
_EXPORT: Final = re.compile(r"^export (?:async )?(?:function|const|class) (\w+)")


@dataclass(frozen=True, slots=True)
class Module:
    """A module: its name is its path below assets/; `imports` are names of modules, in order."""

    name: str
    imports: tuple[str, ...]
    code: str

    @property
    def variable(self) -> str:
        """What holds the module's exports in a joined file."""
        return _variable(self.name)


@dataclass(frozen=True, slots=True)
class Script:
    """A file of joined modules; `address` changes with its content and that of what it imports."""

    address: str
    body: bytes


def link(folder: Path, *, first: str, pages: Mapping[str, str], prefix: str) -> dict[str, Script]:
    """Files by name: `tracera` from the module `first`, and for each of `pages` what its module needs beyond that.

    `pages` are modules by name of their file. Addresses begin with `prefix`. Raises ValueError for what cannot be joined.
    """
    known: dict[str, Module] = {}
    needs = {name: _collect(folder, module, known, ()) for name, module in {"tracera": first, **pages}.items()}
    common = set(needs["tracera"])
    wanted = [name for page in pages for name in needs[page] if name not in common]
    # Twice in a document a module would be two, each with its own state.
    shared = {name for name in wanted if wanted.count(name) > 1}
    # Behind what they may import of every page's, and before the module that begins it.
    everywhere = [*needs["tracera"][:-1], *(name for name in dict.fromkeys(wanted) if name in shared), first]
    exported = ", ".join(_variable(name) for name in everywhere)
    base = _script("tracera", f"{_join(known[name] for name in everywhere)}export {{ {exported} }};\n", prefix)
    head = f"import {{ {exported} }} from {json.dumps(base.address)};\n"
    made = {"tracera": base}
    for page in pages:
        own = [name for name in needs[page] if name not in common | shared]
        made[page] = _script(page, head + _join(known[name] for name in own), prefix)
    return made


def read(folder: Path, name: str) -> Module:
    """The module at `name` below `folder`, its imports and exports replaced by constants and a returned object."""
    imports: list[str] = []
    exports: list[str] = []
    lines: list[str] = []
    code = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), (folder / name).read_text(encoding="utf-8"))
    for number, line in enumerate(code.splitlines(), 1):
        if found := _IMPORT.match(line):
            imports.append(posixpath.normpath(posixpath.join(posixpath.dirname(name), found[2])))
            lines.append(_binding(found[1], _variable(imports[-1])))
        elif found := _EXPORT.match(line):
            exports.append(found[1])
            lines.append(line.removeprefix("export "))
        elif line.startswith(("import ", "import{", "export ", "export{")):
            raise ValueError(f"{name}, line {number}: this form of import or export is not joined: {line}")
        else:
            lines.append(line)
    lines.append(f"return {{ {', '.join(exports)} }};")
    return Module(name, tuple(imports), "\n".join(lines))


def _collect(folder: Path, name: str, known: dict[str, Module], above: tuple[str, ...]) -> list[str]:
    """A module's name behind those of all that it imports."""
    if name in above:
        raise ValueError(f"modules import each other in a circle: {' > '.join((*above, name))}")
    if name not in known:
        known[name] = read(folder, name)
    found: dict[str, None] = {}
    for other in known[name].imports:
        found |= dict.fromkeys(_collect(folder, other, known, (*above, name)))
    return [*found, name]


def _join(modules: Iterable[Module]) -> str:
    return "".join(f"const {one.variable} = (() => {{\n{one.code}\n}})();\n" for one in modules)


def _binding(names: str | None, variable: str) -> str:
    """An import as a constant; None is one for its effects alone."""
    if names is None:
        return ""
    if names.startswith("*"):
        return f"const {names.removeprefix('* as ')} = {variable};"
    return f"const {names.replace(' as ', ': ')} = {variable};"


def _variable(name: str) -> str:
    return "$" + re.sub(r"\W", "_", name.removesuffix(".js"))


def _script(name: str, text: str, prefix: str) -> Script:
    body = text.encode()
    return Script(f"{prefix}{name}-{hashlib.sha256(body).hexdigest()[:16]}.js", body)
