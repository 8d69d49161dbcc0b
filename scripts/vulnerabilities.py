"""Looks up known vulnerabilities of what is locked: ``python scripts/vulnerabilities.py``.

pip-audit asks an index or OSV for them. Where neither answers, nothing is known: one line says so,
and the exit status is 0, or 1 with ``--required``, as in continuous integration. It is 1 where a
vulnerability is found.
"""

import argparse
import json
import subprocess  # nosec B404
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FILES = ("requirements.lock", "constraints.txt")  # the latter pins torch, which has no hash
SERVICES = ("pypi", "osv")


def audit(service: str) -> dict[str, list[Any] | None]:
    """Return each package's vulnerabilities as ``answers`` does, asked of one service."""
    command = [sys.executable, "-m", "pip_audit", "--vulnerability-service", service]
    command += ["--format", "json", "--progress-spinner", "off", "--disable-pip", "--no-deps"]
    for name in FILES:
        command += ["--requirement", str(ROOT / name)]
    done = subprocess.run(  # the words above # nosec B603
        command, capture_output=True, text=True, check=False
    )
    return answers(done.stdout)


def answers(output: str) -> dict[str, list[Any] | None]:
    """Return each package's vulnerabilities, None for one that the service does not know.

    Args:
        output: What pip-audit printed with ``--format json``; nothing where it failed.

    Example:
        >>> answers('{"dependencies": [{"name": "six", "version": "1.17.0", "vulns": []}]}')
        {'six 1.17.0': []}
        >>> answers('{"dependencies": [{"name": "six", "skip_reason": "not found"}]}')
        {'six': None}
    """
    listed = json.loads(output)["dependencies"] if output.strip() else []
    return {f"{one['name']} {one.get('version', '')}".strip(): one.get("vulns") for one in listed}


def main() -> None:
    """Ask one service after the other, and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--required", action="store_true", help="fail where nothing is known")
    given = parser.parse_args()
    found: dict[str, list[Any] | None] = {}
    for service in SERVICES:
        found = audit(service)
        if any(listed is not None for listed in found.values()):
            break
    unknown = [name for name, listed in found.items() if listed is None]
    if len(unknown) == len(found):
        print(
            "vulnerabilities: not looked up, since neither PyPI nor OSV gave data from here; "
            "run make audit where they can be reached"
        )
        sys.exit(given.required)
    vulnerable = {name: listed for name, listed in found.items() if listed}
    for name, listed in vulnerable.items():
        for one in listed:
            fixed = ", ".join(one["fix_versions"]) or "no version yet"
            print(f"{name}: {one['id']}, mended in {fixed}")
    for name in unknown:
        print(f"{name}: not known to the service")
    looked_up = len(found) - len(unknown)
    print(f"vulnerabilities: {looked_up} packages looked up, {len(vulnerable)} vulnerable")
    sys.exit(bool(vulnerable))


if __name__ == "__main__":
    main()
