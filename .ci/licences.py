"""Licences of what Tracera needs to run: lists them, and fails on one that is not allowed."""  # noqa: INP001

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

ALLOWED = {
    "0BSD", "Apache Software License", "Apache-2.0", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT License",
    "MIT-0", "MPL-2.0", "Mozilla Public License 2.0 (MPL 2.0)", "PSF-2.0", "Python Software Foundation License", "Zlib",
}  # fmt: skip
KNOWN = {
    "psycopg": "LGPL-3.0-only",  # imported as it is, not changed: LGPL's section 4
    "psycopg-binary": "LGPL-3.0-only",
    "psycopg-pool": "LGPL-3.0-only",
}
"""Allowed for one package alone."""
UNSTATED = {"ta-lib": "BSD-2-Clause"}
"""Packages whose metadata name no licence, with the one in their LICENSE file."""


def normalize(name: str) -> str:
    """A name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def is_allowed(name: str, licence: str) -> bool:
    """Whether a package may be used under an SPDX expression or classifiers: each part, or one side of an OR."""
    if KNOWN.get(name) == licence:
        return True
    parts = re.split(r"\s+AND\s+|\s*;\s*", re.sub(r"\(([^()]* OR [^()]*)\)", r"\1", licence))
    return all(any(choice.strip() in ALLOWED for choice in re.split(r"\s+OR\s+", part)) for part in parts)


def main() -> int:
    """0 where every licence is allowed; 1 names those that are not."""
    pinned = {
        normalize(name)
        for name in re.findall(r"^([\w.-]+)==", Path("requirements.txt").read_text("utf-8"), re.MULTILINE)
    }
    command = [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json"]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603  # ourselves
    found = {normalize(entry["Name"]): entry["License"] for entry in json.loads(done.stdout)}
    licences = {name: UNSTATED.get(name, found[name]) for name in sorted(pinned & found.keys())}
    if "--list" in sys.argv:
        print("\n".join(f"{name}\t{licence}" for name, licence in licences.items()))  # noqa: T201
    refused = {name: licence for name, licence in licences.items() if not is_allowed(name, licence)}
    for name, licence in refused.items():
        print(f"{name}: its licence is not allowed: {licence}")  # noqa: T201
    count, unseen = Counter(licences.values()), len(pinned - found.keys())
    said = f"{len(count)} licences, {len(refused)} not allowed, {unseen} not installed here"
    print(f"licences: {len(licences)} packages, {said}")  # noqa: T201
    return 1 if refused or not licences else 0


if __name__ == "__main__":
    sys.exit(main())
