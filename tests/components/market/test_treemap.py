from datetime import UTC, datetime

from components.market.treemap import moved_together
from db.core.pool import Row


def _row(price: int, base: int | None, sold: float) -> Row:
    return {
        "price": price,
        "base_price": base,
        "price_scale": 100,
        "volume_per_day": sold,
        "price_time": datetime.now(UTC),
    }


def test_a_heading_is_the_index_of_its_fields() -> None:
    # A basket of 10 at 1.00 that doubled and 1 at 100.00 that lost a tenth: from 110.00 to 110.00.
    assert moved_together([_row(200, 100, 10), _row(9000, 10_000, 1)]) == 0.0
    assert moved_together([_row(200, 100, 10), _row(9000, None, 1)]) == 100.0
    assert moved_together([_row(9000, None, 1)]) is None
