"""`server`: pages and JSON for any WSGI server, e.g. `gunicorn wsgi:server`. Live prices need `tracera serve`."""

from app import __version__, settings
from app.logging.known import known_secrets
from app.logging.setup import configure
from app.runtime import Runtime
from app.telemetry.spans import SPANS
from app.web.factory import create_server

loaded = settings.load()
configure(loaded.log_level, as_json=loaded.log_json, known=known_secrets(loaded))
SPANS.start(__version__)
server = create_server(Runtime(loaded))
