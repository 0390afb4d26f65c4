"""Sign-in controls: a button for each provider, the form for a link, the local owner's button."""

import json
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
from dash import html

from components.account.format import method
from components.ui.icon import icon
from components.ui.page import Children

AUTH = "/api/v1/auth"
STARTS = {"google": f"{AUTH}/google", "github": f"{AUTH}/github", "steam": f"{AUTH}/steam/login"}
REPLY = "sign-in-said"


def sign_in_methods(usable: list[str], next_path: str) -> list[Children]:
    """A button for each provider, the form for a link, or the local owner's button."""
    parts: list[Children] = [_provider(name, next_path) for name in usable if name in STARTS]
    if "email" in usable:
        if parts:
            parts.append(html.Div(html.Span("or"), className="account-or"))
        parts.append(_email(next_path))
    if "local" in usable:
        parts.append(_local(next_path))
    return parts


def start(name: str, **query: str) -> str:
    """Where signing in or linking with a provider begins."""
    return f"{STARTS[name]}?{urlencode(query)}"


def _provider(name: str, next_path: str) -> html.A:
    return html.A(
        [icon(name, size=18), html.Span(f"Continue with {method(name)}")],
        href=start(name, next=next_path),
        className="account-way",
    )


def _email(next_path: str) -> html.Form:
    send: dict[str, Any] = {"data-account-send": f"POST {AUTH}/magic-link", "data-account-said": REPLY}
    send["data-account-body"] = json.dumps({"next": next_path})
    return html.Form(
        [
            dmc.TextInput(
                name="email",
                label="E-mail address",
                placeholder="you@example.org",
                required=True,
                withAsterisk=False,
                size="md",
                autoComplete="email",
                inputProps={"type": "email", "maxLength": 254},
            ),
            html.Button([icon("email"), html.Span("Send me a sign-in link")], type="submit", className="account-way"),
            html.Div(id=REPLY, className="account-said", role="status"),
        ],
        className="account-form",
        **send,
    )


def _local(next_path: str) -> html.Div:
    send: dict[str, Any] = {"data-account-send": f"POST {AUTH}/local"}
    send["data-account-body"] = json.dumps({"next": next_path})
    return html.Div(
        [
            html.Button(
                [icon("local"), html.Span("Sign in as the local owner")], type="button", className="account-way", **send
            ),
            html.P(
                "Local account, no password: it exists only on this computer, opens only from it, and is closed as soon"
                " as another way to sign in is configured.",
                className="account-note",
            ),
        ]
    )
