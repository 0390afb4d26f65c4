"""Findings: what a check saw, and what to do about it."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report.

    `remedy` says what to do, empty where there is nothing. A warning does not keep the instance from working; what failed does.
    """

    check: str
    state: State
    seen: str
    remedy: str = ""
