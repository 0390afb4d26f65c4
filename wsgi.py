"""`server`: pages and JSON for any WSGI server, e.g. `gunicorn wsgi:server`. Live prices need `tracera serve`."""

from app import settings
from app.factory import create_server
from app.runtime import Runtime

server = create_server(Runtime(settings.load()))
