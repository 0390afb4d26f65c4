"""pip-audit over the pinned dependencies: fails on findings, and says plainly what could not be asked."""  # noqa: INP001

import json
import subprocess
import sys
from typing import Any

SERVICES = ("pypi", "osv")
FILES = ("requirements.txt", "requirements-dev.txt")
Dependency = dict[str, Any]


def ask(service: str) -> list[Dependency] | None:
    """What a service says of each dependency; None where it does not answer."""
    files = [part for name in FILES for part in ("-r", name)]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", "-s", service, "-f", "json",
               "--timeout", "10", "--progress-spinner", "off", "--desc", "off", *files]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  # ourselves
    try:
        found: list[Dependency] = json.loads(done.stdout)["dependencies"]
    except (json.JSONDecodeError, KeyError):
        lines = done.stderr.strip().splitlines()
        print(f"pip-audit: {service} does not answer ({lines[-1][:160] if lines else 'no reason given'})")  # noqa: T201
        return None
    return found


def main() -> int:
    """0 where nothing was found, or nobody could be asked; 1 on findings."""
    for service in SERVICES:
        found = ask(service)
        audited = [entry for entry in found or () if "vulns" in entry]
        if not audited:
            if found:
                print(f"pip-audit: {service} knows none of {len(found)} packages")  # noqa: T201
            continue
        bad = [entry for entry in audited if entry["vulns"]]
        for entry in bad:
            for vulnerability in entry["vulns"]:
                fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
                print(f"{entry['name']} {entry['version']}: {vulnerability['id']}, fixed in {fixed}")  # noqa: T201
        skipped = len(found or ()) - len(audited)
        rest = f", {skipped} unknown to {service}" if skipped else ""
        print(f"pip-audit: {len(audited)} packages asked of {service}{rest}, {len(bad)} with known vulnerabilities")  # noqa: T201
        return 1 if bad else 0
    print("pip-audit: NOT AUDITED, no vulnerability service can be reached from here")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
