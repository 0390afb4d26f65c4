"""Sharing: portfolios by link, and the value of a public Steam inventory."""

from datetime import UTC, datetime

import redis
from flask import Response, abort, request
from flask_openapi3 import APIBlueprint, Tag
from pydantic import BaseModel, Field, StrictBool

from app.api.owner import own_portfolio, owner, private, refuse
from app.api.portfolio.views import PRIVATE, PortfolioQuery
from app.portfolio import sharing
from app.portfolio.importer import fees_of, importer
from app.portfolio.inventory.errors import InventoryError, Reason
from app.portfolio.overview import overview
from app.portfolio.profile_value import value_inventory
from app.runtime import services
from app.schemas import Query, Row, Rows
from db.portfolio import shares

blueprint = APIBlueprint(
    "portfolio_shares", __name__, url_prefix="/api/v1", abp_tags=[Tag(name="portfolio")], abp_responses=PRIVATE
)
LOOK = "portfolio:look:{}"


class NewShare(Query):
    """A link to make."""

    hide_quantities: StrictBool = Field(default=True, description="Show shares of the whole, no amounts.")


class SharePath(BaseModel):
    """Which link."""

    share_id: int = Field(ge=1, le=2**31 - 1, description="The link's id.")


class TokenPath(BaseModel):
    """The link's secret part."""

    token: str = Field(min_length=20, max_length=100, description="From the link.")


class LookQuery(Query):
    """Whose inventory."""

    profile: str = Field(min_length=2, max_length=200, description="SteamID64, profile address or vanity name.")


@blueprint.get("/portfolio/shares", responses={200: Rows})
def list_shares(query: PortfolioQuery) -> Response:
    """Links that still work; their tokens are not kept."""
    portfolio = own_portfolio(owner(), query.portfolio_id)
    return private(shares.every(services().database, portfolio["user_id"], portfolio["id"]))


@blueprint.post("/portfolio/shares", responses={201: Row})
def create_share(query: PortfolioQuery, body: NewShare) -> Response:
    """A new link; its token is in this answer and never again."""
    portfolio = own_portfolio(owner(write=True), query.portfolio_id)
    made = sharing.create(
        services().database, portfolio["user_id"], portfolio["id"], hide_quantities=body.hide_quantities
    )
    if made is None:
        abort(404, "there is no such portfolio")
    token, row = made
    return private({**row, "token": token}, 201)


@blueprint.delete("/portfolio/shares/<int:share_id>", responses={204: None})
def revoke_share(path: SharePath) -> Response:
    """End a link."""
    if not shares.revoke(services().database, owner(write=True), path.share_id):
        abort(404, f"you have no link {path.share_id}")
    return Response(status=204)


@blueprint.get("/shared/<string:token>", responses={200: Row})
def get_shared(path: TokenPath) -> Response:
    """A shared portfolio, for whoever has the link."""
    found = sharing.find(services().database, path.token)
    if found is None:
        abort(404, "this link does not exist, or was revoked")
    portfolio, hidden = found
    seen = overview(services().database, portfolio, fees_of(services().settings), datetime.now(UTC))
    response = private(sharing.public_view(seen, hide_quantities=hidden))
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/profiles/value", responses={200: Row})
def value_profile(query: LookQuery) -> Response:
    """What anybody's public Steam inventory is worth; nothing is kept. Once in a while per address."""
    seconds = services().settings.portfolio_look_seconds
    key = LOOK.format(request.remote_addr)
    try:
        if not services().redis.set(key, "1", nx=True, ex=seconds):
            left = services().redis.ttl(key)
            wait = max(1, left) if isinstance(left, int) else seconds
            refuse(
                InventoryError(
                    Reason.COOLDOWN, f"One profile every {seconds} seconds; try again in {wait}.", retry_after=wait
                )
            )
        steam_id, inventory = importer().inventory_of(query.profile)
    except redis.RedisError:
        refuse(
            InventoryError(
                Reason.REDIS_DOWN, "Profiles cannot be valued for the moment: Redis does not answer.", retry_after=60
            )
        )
    except InventoryError as error:
        refuse(error)
    fees = fees_of(services().settings)
    return private({"steam_id": steam_id, **value_inventory(services().database, inventory, fees, datetime.now(UTC))})
