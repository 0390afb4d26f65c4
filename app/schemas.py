"""Schemas that the JSON routes of every subject share: a problem, a strict query, an object, an array."""

from functools import cache
from http import HTTPStatus
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, RootModel

NO_NUL: Final = r"^[^\x00]*$"
"""Pattern of texts that PostgreSQL can hold."""
GREATEST: Final = 10**15
"""Bound of numbers that may have a fraction: whole ones next to it are still told apart. Far greater ones, kept in JSON, would
come back as whole numbers that nothing encodes."""


class Problem(BaseModel):
    """What went wrong."""

    error: str = Field(description="One sentence.")


class Query(BaseModel):
    """Query values; an unknown name is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """The same as ever, but made once: flask-openapi3 asks for it with every request, which took half a millisecond."""
        if args or kwargs:
            return super().model_json_schema(*args, **kwargs)
        return _schema(cls)


@cache
def _schema(model: type[Query]) -> dict[str, Any]:
    return super(Query, model).model_json_schema()


class Row(RootModel[dict[str, Any]]):
    """An object."""


class Rows(RootModel[list[dict[str, Any]]]):
    """An array of objects."""


PROBLEMS: Final[dict[str | int | HTTPStatus, type[BaseModel] | dict[Any, Any] | None]] = {
    400: Problem,
    404: Problem,
    503: Problem,
}
