# SPDX-License-Identifier: Apache-2.0
"""The tables of a SQL state: the same in SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

#: Of the tables. A state with another one is refused, never converted in passing.
SCHEMA = "1"

metadata = MetaData()

meta = Table(
    "slack_audit_meta",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

inputs = Table(
    "slack_audit_inputs",
    metadata,
    Column("input", String(255), primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("account", Text, nullable=False),
    Column("filters", Text, nullable=False),
    Column("ledger", Text, nullable=False),
    Column("counters", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("beat", Float, nullable=False),
)

#: Apart from the checkpoint: how an input is doing may be noted by whoever fails.
notes = Table(
    "slack_audit_notes",
    metadata,
    Column("input", String(255), primary_key=True),
    Column("status", Text, nullable=False),
)

#: The delivered index: 64-bit keys packed little-endian, one row a minute.
buckets = Table(
    "slack_audit_delivered",
    metadata,
    Column("input", String(255), primary_key=True),
    Column("minute", BigInteger, primary_key=True, autoincrement=False),
    Column("keys", LargeBinary, nullable=False),
)

#: What stays of sealed minutes. The digest is text because SQL has no unsigned 64 bits.
hours = Table(
    "slack_audit_hours",
    metadata,
    Column("input", String(255), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("ids", BigInteger, nullable=False),
    Column("digest", String(32), nullable=False),
)

#: What came of each hour: a tally of what sweeps recovered, then its coverage record, as JSON.
#: States of before there were records lack it; it is made when one is opened to be written.
coverage = Table(
    "slack_audit_coverage",
    metadata,
    Column("input", String(255), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
)

requests = Table(
    "slack_audit_requests",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("input", String(255), nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("oldest", BigInteger, nullable=False),
    Column("latest", BigInteger, nullable=False),
    Column("asked", Float, nullable=False),
    # A number is never given twice: it may still be on its way to being answered.
    sqlite_autoincrement=True,
)

#: How far a `verify` has come that was stopped: one row for each hour that it has compared. A
#: state from before it gets it when somebody verifies.
verified = Table(
    "slack_audit_verified",
    metadata,
    Column("input", String(255), primary_key=True),
    Column("run", String(64), primary_key=True),
    Column("hour", BigInteger, primary_key=True, autoincrement=False),
    Column("record", Text, nullable=False),
)
