"""The check of licences refuses what is not on its list."""

import importlib.util
from collections.abc import Callable

import pytest

from tests.conftest import ROOT


@pytest.fixture(scope="module")
def is_allowed() -> Callable[[str, str], bool]:
    spec = importlib.util.spec_from_file_location("licences", ROOT / ".ci/licences.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[str, str], bool] = module.is_allowed
    return found


@pytest.mark.parametrize(
    ("name", "licence", "expected"),
    [
        ("any", "MIT", True),
        ("any", "MIT AND BSD-3-Clause", True),
        ("any", "BSD License; Apache Software License", True),
        ("any", "GPL-3.0-only OR MIT", True),
        ("any", "MIT AND (GPL-3.0-only OR Apache-2.0)", True),
        ("any", "MIT AND GPL-3.0-only", False),
        ("any", "MIT; GNU General Public License v3 (GPLv3)", False),
        ("any", "UNKNOWN", False),
        ("any", "", False),
        ("psycopg", "LGPL-3.0-only", True),
        ("any", "LGPL-3.0-only", False),
    ],
)
def test_every_part_and_one_side_of_a_choice_must_be_allowed(
    is_allowed: Callable[[str, str], bool], name: str, licence: str, *, expected: bool
) -> None:
    assert is_allowed(name, licence) is expected
