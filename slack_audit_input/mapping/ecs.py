# SPDX-License-Identifier: Apache-2.0
"""An entry as Elastic's Common Schema has it, from the same table as Splunk's lookups. Pure.

The doer is `user`, the account that something was done to is `user.target`. Only texts, numbers and
lists of texts: what varies in type in Slack's entries stays in `event.original`.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from slack_audit_input.mapping.parties import Party, parties
from slack_audit_input.mapping.table import SEVERITIES, Row, reasons, row_of
from slack_audit_input.mapping.values import Object, address, objects, seconds, text, texts

VERSION = "8.17.0"
_ALERTS = frozenset({"alert", "account_alert", "malware", "dlp"})
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
#: Elastic's own numbers for these words.
_SEVERITY = dict(zip(SEVERITIES, (0, 21, 47, 73, 99)))
_OLD = ("previous_value", "previous_scopes", "old_scopes", "old_retention_policy")
_NEW = ("new_value", "new_scopes", "ip_ranges", "new_retention_policy")

Fields = dict[str, Any]


def fields(entry: Object) -> Fields:
    """ECS fields of a decoded entry, without `@timestamp` and `event.original`.

    Values that are missing or empty have no key. Never raises for an object, whatever is in it.
    """
    action = text(entry.get("action"))
    row, known = row_of(action)
    both = parties(entry, row)
    context = objects(entry, "context")
    found = {
        "ecs": {"version": VERSION},
        "event": _event(entry, row, action),
        "user": _user(both.doer),
        "source": _source(context),
        "user_agent": {"original": text(context.get("ua"))},
        "organization": {
            "id": text(objects(context, "location").get("id")),
            "name": text(objects(context, "location").get("name")),
        },
        "file": _file(entry),
        "group": _named(objects(entry, "entity", "usergroup")),
        "url": {"original": text(objects(entry, "details").get("url_private"))},
        "threat": _threat(entry, row),
        "slack": {"audit": _audit(entry, known)},
    }
    if both.account.id != both.doer.id:
        found["user"]["target"] = _user(both.account)
    found["related"] = _related(entry, found, both)
    return _filled(found)


def _event(entry: Object, row: Row, action: str) -> Fields:
    details = objects(entry, "details")
    failed = details.get("success") is False
    why = _reasons(entry)
    moment = seconds(details.get("action_timestamp"))
    return {
        "kind": "alert" if row.model in _ALERTS else "event",
        "category": row.ecs_category.split(),
        "type": row.ecs_type.split(),
        "action": action,
        "outcome": "failure" if failed else row.status,
        "id": text(entry.get("id")),
        "module": "slack",
        "dataset": "slack.audit",
        "severity": _SEVERITY[_worst(why) or row.severity],
        "reason": ", ".join(why) or row.result,
        "start": _stamp(moment) if moment is not None else "",
    }


def _user(party: Party) -> Fields:
    return {
        "id": party.id,
        "name": party.known_as,
        "full_name": party.name,
        "email": party.email,
        "roles": [party.kind] if party.kind not in ("user", "") else [],
    }


def _source(context: Object) -> Fields:
    ip = address(context.get("ip_address"))
    return {"ip": ip, "address": ip}


def _file(entry: Object) -> Fields:
    file = objects(entry, "entity", "file")
    return {
        "name": text(file.get("name")) or text(objects(entry, "entity", "canvas").get("title")),
        "mime_type": text(file.get("filetype")),
        "hash": {"md5": text(objects(entry, "details").get("md5_hash")) if file else ""},
    }


def _named(thing: Object) -> Fields:
    return {"id": text(thing.get("id")), "name": text(thing.get("name"))}


def _threat(entry: Object, row: Row) -> Fields:
    known = reasons()
    found = [known[name].technique for name in _grounds(entry) if name in known]
    techniques = list(dict.fromkeys(found)) or [row.technique]
    return {"framework": "MITRE ATT&CK", "technique": {"id": techniques}} if techniques[0] else {}


def _audit(entry: Object, known: bool) -> Fields:
    """What ECS has no field for, under a name of our own."""
    details, context = objects(entry, "details"), objects(entry, "context")
    kind = text(objects(entry, "entity").get("type"))
    thing = objects(entry, "entity", kind)
    return {
        "action_known": known,
        "entity": {"type": kind, **_named(thing)},
        "new_value": [one for key in _NEW for one in texts(details.get(key))],
        "old_value": [one for key in _OLD for one in texts(details.get(key))],
        "session_id": text(context.get("session_id")),
        "acting_agent": text(context.get("acting_agent")),
        "app": _named(objects(context, "app")),
        "previous_ip": address(details.get("previous_ip_address")),
        "previous_user_agent": text(details.get("previous_ua")),
    }


def _related(entry: Object, found: Fields, both: tuple[Party, Party]) -> Fields:
    ips = (found["source"]["ip"], found["slack"]["audit"]["previous_ip"])
    target = objects(entry, "entity", "user")
    users = [one for party in both for one in (party.id, party.email, party.name)]
    users += [text(target.get("id")), text(target.get("email")).lower(), text(target.get("name"))]
    return {
        "ip": list(dict.fromkeys(ip for ip in ips if ip)),
        "user": list(dict.fromkeys(user for user in users if user)),
        "hash": [one for one in (found["file"]["hash"]["md5"],) if one],
    }


def _reasons(entry: Object) -> list[str]:
    if entry.get("action") != "anomaly":
        return []
    return texts(objects(entry, "details").get("reason"))


def _grounds(entry: Object) -> list[str]:
    """An anomaly's reasons and what Slack knows of its address."""
    if entry.get("action") != "anomaly":
        return []
    return _reasons(entry) + texts(objects(entry, "details").get("ip_address_details"))


def _worst(why: list[str]) -> str:
    known = reasons()
    found = [known[name].severity if name in known else "medium" for name in why]
    return max(found, key=SEVERITIES.index, default="")


def _stamp(moment: float) -> str:
    return (_EPOCH + timedelta(seconds=moment)).isoformat(timespec="milliseconds")[:-6] + "Z"


def _filled(value: Object) -> Fields:
    """The same without empty texts, lists and objects, at any depth."""
    found: Fields = {}
    for key, inner in value.items():
        kept = _filled(inner) if isinstance(inner, dict) else inner
        if kept not in ("", [], {}):
            found[key] = kept
    return found
