# SPDX-License-Identifier: Apache-2.0
"""The lookup over the inputs' records in the KV store names a collection and fields it has."""

from __future__ import annotations

from tests.searchtime.app import DEFAULT
from tests.searchtime.conf import read


def test_the_status_lookup_fits_its_collection() -> None:
    lookup = read(DEFAULT / "transforms.conf")["slack_audit_status"]
    collection = read(DEFAULT / "collections.conf")[lookup["collection"]]
    fields = {name.partition(".")[2] for name in collection if name.startswith("field.")}
    assert lookup["external_type"] == "kvstore"
    assert {name.strip() for name in lookup["fields_list"].split(",")} == fields
