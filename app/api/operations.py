"""Operations: health and metrics for programs."""

from typing import Any

from flask import Response, abort, current_app, jsonify, request
from flask_openapi3 import APIBlueprint, Tag
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.api.health import checks, registry
from app.runtime import services
from app.schemas import Row
from app.security.diagnosis import HEADER, arrival, is_signed

blueprint = APIBlueprint("operations", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="operations")])


@blueprint.get("/health", responses={200: Row})
def get_health() -> Response:
    """The process answers."""
    return jsonify({"status": "ok"})


@blueprint.get("/health/detailed", responses={200: Row, 503: Row})
def get_detailed_health() -> tuple[Response, int]:
    """Each part, with what is wrong with it; 503 where one of them keeps the instance from serving."""
    found: dict[str, Any] = checks(services())
    ready = all(part["ok"] for part in found.values())
    return jsonify({"status": "ok" if ready else "degraded", "checks": found}), 200 if ready else 503


@blueprint.get("/arrival", responses={200: Row, 404: Row})
def get_arrival() -> Response:
    """How this request arrived, for `tracera doctor`, which proves that it knows the instance's secret; for others nothing is here."""
    if not is_signed(str(current_app.secret_key), request.headers.get(HEADER)):
        abort(404, "there is no /api/v1/arrival; /openapi.json lists what there is")
    return jsonify(arrival(request))


@blueprint.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}})
def get_metrics() -> Response:
    """For Prometheus."""
    return Response(generate_latest(registry(services())), content_type=CONTENT_TYPE_LATEST)
