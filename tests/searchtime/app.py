# SPDX-License-Identifier: Apache-2.0
"""Our app as Splunk would apply it to an event at search time, from `default/` and the lookups."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from slack_audit_input.mapping import lookups as mapped
from tests.searchtime import conf, eventtypes
from tests.searchtime.evaluating import evaluated, texts
from tests.searchtime.extraction import Fields, extracted
from tests.searchtime.lookups import Lookup, Table
from tests.searchtime.parsing import Node, parsed

DEFAULT = Path(__file__).resolve().parents[2] / "default"
SOURCETYPE = "slack:audit"
COVERAGE = "slack:audit:coverage"
_ALIAS = re.compile(r"\s*(\S+)\s+AS\s+(\S+)")


class Props:
    """One stanza of props.conf: aliases, evals and lookups, each in the order they are run."""

    def __init__(self, stanza: conf.Stanza) -> None:
        if stanza.get("KV_MODE") != "json":
            raise ValueError("only KV_MODE = json is done here")
        self.aliases: list[tuple[str, str]] = []
        self.evals: dict[str, Node] = {}
        self.lookups: list[Lookup] = []
        # Within one kind Splunk goes by the names of the settings.
        for key, value in sorted(stanza.items()):
            if key.startswith("FIELDALIAS-"):
                self.aliases += _ALIAS.findall(value)
            elif key.startswith("EVAL-"):
                self.evals[key[len("EVAL-") :]] = parsed(value)
            elif key.startswith("LOOKUP-"):
                self.lookups.append(Lookup.of(value))
            elif key.startswith(("EXTRACT-", "REPORT-")):
                raise ValueError(f"{key}: extractions by pattern are not done here")

    def aliased(self, fields: Fields) -> None:
        """Give fields their other names; a name whose source is missing goes (AS, not ASNEW)."""
        for source, alias in self.aliases:
            if source in fields:
                fields[alias] = fields[source]
            else:
                fields.pop(alias, None)

    def evaluate(self, fields: Fields) -> None:
        """All evals from the same fields; a field that gets null goes."""
        results = {name: texts(evaluated(node, fields)) for name, node in self.evals.items()}
        for name, values in results.items():
            if values is None:
                fields.pop(name, None)
            else:
                fields[name] = values


class App:
    """All that our conf files do to an event."""

    def __init__(self, folder: Path, files: dict[str, str]) -> None:
        props = conf.read(folder / "props.conf")
        self.props = Props(props[SOURCETYPE])
        self.by_sourcetype = {name: Props(stanza) for name, stanza in props.items()}
        every = conf.read(folder / "transforms.conf")
        #: Lookups with a file. One over a KV store collection has no part in what events get.
        self.transforms = {name: row for name, row in every.items() if "filename" in row}
        self.tables = {name: Table.of(row, files) for name, row in self.transforms.items()}
        self.eventtypes = conf.read(folder / "eventtypes.conf")
        self.tags = conf.read(folder / "tags.conf")
        self.macros = conf.read(folder / "macros.conf")

    @classmethod
    @functools.lru_cache(maxsize=1)
    def load(cls) -> App:
        """The app as this checkout has it."""
        return cls(DEFAULT, mapped.files())

    def fields(self, text: str, sourcetype: str = SOURCETYPE) -> Fields:
        """All fields of the event `text`, in Splunk's order of steps; each with its values."""
        # What every event has before anything is extracted.
        fields: Fields = {"sourcetype": [sourcetype], "index": ["main"], **extracted(text)}
        props = self.props if sourcetype == SOURCETYPE else self.by_sourcetype[sourcetype]
        props.aliased(fields)
        props.evaluate(fields)
        for lookup in props.lookups:
            lookup.give(self.tables[lookup.table], fields)
        kinds = [
            name
            for name, stanza in self.eventtypes.items()
            if eventtypes.fits(stanza["search"], fields)
        ]
        fields["eventtype"] = kinds
        tags = {
            tag
            for name in kinds
            for tag, state in self.tags.get(f"eventtype={name}", {}).items()
            if state == "enabled"
        }
        if tags:
            fields["tag"] = sorted(tags)
        return fields
