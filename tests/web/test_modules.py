"""The linker: files of modules that do what the modules do, under addresses that change with what they need."""

import subprocess
from pathlib import Path

import deno
import pytest

from app.web.modules import Script, link

STATE = (
    "export const state = { count: 0 };\nexport function add(by) {\n  state.count += by;\n  return state.count;\n}\n"
)
MAIN = 'import * as numbers from "../ui/state.js";\nglobalThis.log = [numbers.add(1)];\n'
ONE = """import { Twice as Double } from "./twice.js";
import { add, state } from "../ui/state.js";
import "../ui/shared.js";
const add2 = (by) => add(by);
globalThis.log.push(add2(2), state.count, new Double(4).value);
"""
TWICE = "export class Twice {\n  constructor(value) {\n    this.value = 2 * value;\n  }\n}\n"
FILES = {
    "shell/main.js": MAIN,
    "ui/state.js": STATE,
    "ui/shared.js": 'import { state } from "./state.js";\n'
    "globalThis.log = globalThis.log || [];\nglobalThis.shared = (globalThis.shared || 0) + 1 + state.count;\n",
    "one/main.js": ONE,
    "one/twice.js": TWICE,
    "two/main.js": 'import "../ui/shared.js";\nglobalThis.log.push(globalThis.shared);\n',
}


def linked(folder: Path, **changes: str) -> dict[str, Script]:
    for name, code in (FILES | {name.replace("__", "/") + ".js": code for name, code in changes.items()}).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(code, encoding="utf-8")
    return link(folder, first="shell/main.js", pages={"one": "one/main.js", "two": "two/main.js"}, prefix="/a/")


def test_files_do_what_the_modules_do(tmp_path: Path) -> None:
    made = linked(tmp_path)
    assert list(made) == ["tracera", "one", "two"]
    for script in made.values():
        place = tmp_path / script.address.removeprefix("/a/")
        place.write_bytes(script.body.replace(b'"/a/', b'"./'))
    names = [made[name].address.removeprefix("/a/") for name in ("tracera", "one", "two")]
    code = "".join(f'await import("./{name}");' for name in names) + "console.log(JSON.stringify(globalThis.log));"
    (tmp_path / "run.js").write_text(code, encoding="utf-8")
    command = [deno.find_deno_bin(), "run", "--no-remote", "--no-npm", "--no-config", "--allow-read", "run.js"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "[1,3,3,8,1]"


def test_an_address_changes_with_what_the_file_needs(tmp_path: Path) -> None:
    before = linked(tmp_path)
    own = linked(tmp_path, one__twice=TWICE.replace("2 *", "3 *"))
    assert [own[name].address == before[name].address for name in before] == [True, False, True]
    base = linked(tmp_path, one__twice=TWICE, ui__state=STATE.replace("count: 0", "count: 5"))
    assert [base[name].address == before[name].address for name in before] == [False, False, False]


def test_comments_are_left_out(tmp_path: Path) -> None:
    kept = [
        'const address = "https://example.test/*"; // behind code',
        'const style = "/* no comment */";',
        "globalThis.log.push(address, style);",
    ]
    commented = f"""/* What it is,
   over two lines. */
{kept[0]}
  // A line.
/** One. @param {{number}} one */
{kept[1].replace('"/*', '/** @type {string} */ "/*')}
{kept[2]}
"""
    made = linked(tmp_path, two__main=commented)["two"]
    lines = made.body.decode().splitlines()
    assert [line for line in lines if line in kept] == kept
    assert "What" not in made.body.decode()
    assert lines.index(kept[2]) - lines.index(kept[0]) == 4


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("export let changing = 1;", "line 1: this form"),
        ("export default 1;", "line 1: this form"),
        ("const one = 1;\nexport { one };", "line 2: this form"),
        ('import one from "../ui/state.js";', "line 1: this form"),
        ('import "elsewhere";', "line 1: this form"),
        ('import {\n  add,\n} from "../ui/state.js";', "line 1: this form"),
        ('import "./main.js";', "circle: one/main.js > one/twice.js > one/main.js"),
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        linked(tmp_path, one__twice=code)


def test_code_behind_a_comment_stays(tmp_path: Path) -> None:
    code = ["globalThis.log.push(1);", "globalThis.log.push(2);", "export const five = 5;"]
    comments = ["/** One. */ ", "  /* Two, over\n two lines. */ ", "/** @type {number} */ "]
    made = linked(tmp_path, two__main="\n".join(map("".join, zip(comments, code, strict=True))) + "\n/* The end. */\n")
    lines = made["two"].body.decode().splitlines()
    assert [line for line in lines if "log" in line or "five" in line] == [
        *code[:2],
        "const five = 5;",
        "return { five };",
    ]
