"""Clientside callbacks: functions of assets/ that run in the browser."""

from typing import Any

from dash import ClientsideFunction, Dash


def add(app: Dash, namespace: str, function: str, *arguments: Any, **options: Any) -> None:
    """`window.dash_clientside[namespace][function]` as a callback: outputs, inputs and states as Dash takes them."""
    register: Any = app.clientside_callback  # Dash does not annotate it
    register(ClientsideFunction(namespace, function), *arguments, **options)
