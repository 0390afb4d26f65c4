"""Confirmation page: asks before an e-mail link signs in another browser; works without JavaScript."""

from flask import Response, render_template_string
from flask_wtf.csrf import generate_csrf

_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>Sign in · Tracera</title>
    <script src="/assets/ui/scheme.js"></script>
    {% for sheet in sheets %}<link rel="stylesheet" href="/assets/{{ sheet }}.css">
    {% endfor %}
  </head>
  <body class="confirm">
    <main class="card confirm-card">
      <h1 class="page-title">Sign in to Tracera</h1>
      <p class="confirm-text">You are about to sign in as <strong>{{ email }}</strong> in this browser.</p>
      <form method="post" action="{{ action }}">
        <input type="hidden" name="csrf_token" value="{{ csrf_token }}">
        <input type="hidden" name="token" value="{{ token }}">
        <button class="confirm-button" type="submit">Sign in</button>
      </form>
      <p class="muted confirm-note">Not you? Close this page: nothing happens.</p>
    </main>
  </body>
</html>
"""


def confirm_page(*, email: str, token: str, action: str) -> Response:
    """Ask whether to sign in; the link stays good until the button is pressed."""
    page = render_template_string(
        _PAGE,
        email=email,
        token=token,
        action=action,
        csrf_token=generate_csrf(),
        sheets=("ui/theme", "ui/page", "account/page"),
    )
    response = Response(page, mimetype="text/html")
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    return response
