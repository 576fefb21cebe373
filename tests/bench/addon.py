# SPDX-License-Identifier: Apache-2.0
"""The built Splunk add-on as splunkd runs it, beside splunklib's EventWriter: CPU and memory."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import urlencode
from xml.sax.saxutils import escape, quoteattr

from slack_audit_input import __version__
from tests.bench.backfill import PATIENCE, Scene, _download, _scene
from tests.bench.bench import Bench
from tests.bench.children import TOKEN, Cost, Failed, measured
from tests.bench.table import Figure
from tests.bench.truth import compare
from tests.splunkd.splunkd import SHIM, Splunkd
from tests.splunkd.stream import Events

_TOP = Path(__file__).parents[2]
_APP = "slack_audit_input"
_WRITER = Path(__file__).with_name("writer.py")
_SEPARATOR = "``splunk_cred_sep``"


class _Stage(NamedTuple):
    """An installed add-on: the interpreter, its script, its environment, what it is told."""

    python: Path
    app: Path
    environment: tuple[str, ...]
    stdin: Path
    splunkd: Splunkd


def addon(bench: Bench) -> None:
    """F: the add-on and splunklib's writer over the same pages, in turn, and the medians."""
    with _scene(bench, bench.sizes.events) as bare:
        scene = bare._replace(pages=_download(bare))
        count = scene.truth.entries
        with _stage(scene) as stage:
            version = _version(stage.python)
            bench.note(f"F: {count:,} events on {len(scene.pages)} pages, Python {version}")
            runs = {"addon": _addon, "covered": _covered, "splunklib": _splunklib}
            costs: dict[str, list[Cost]] = {name: [] for name in runs}
            for number in range(bench.sizes.rounds):
                for name, run in runs.items():
                    cost = run(scene, stage)
                    bench.note(f"F round {number + 1}: {name}: {cost.cpu:.2f} s CPU")
                    costs[name].append(cost)
    ours, covered, splunklib = (
        Cost(*(statistics.median(column) for column in zip(*costs[name]))) for name in runs
    )
    rate, other = count / ours.cpu, count / splunklib.cpu
    twice = count / covered.cpu
    what = f"Splunk add-on on Python {version}, XML to a pipe: events per CPU-second"
    bench.add(
        Figure("xml.addon", what, rate, f"{rate:,.0f}", "≥ 90,000", ours),
        Figure(
            "xml.covered",
            "  with a coverage record for each hour, for which it is read once more",
            twice,
            f"{twice:,.0f}",
            "",
            covered,
        ),
        Figure(
            "xml.splunklib",
            "json.loads + json.dumps + splunklib's EventWriter: events per CPU-second",
            other,
            f"{other:,.0f}",
            "",
            splunklib,
        ),
        Figure("xml.ratio", "CPU of that / add-on", rate / other, f"{rate / other:.2f}", "≥ 4"),
        Figure(
            "xml.memory",
            "Splunk add-on: peak memory",
            ours.peak,
            f"{ours.peak:.1f} MB",
            "≤ 80 MB",
            ours,
        ),
    )


def _addon(scene: Scene, stage: _Stage) -> Cost:
    """The whole modular input: from Slack's answers to XML, checkpointed in the KV store."""
    return _collected(scene, stage, "new")


def _covered(scene: Scene, stage: _Stage) -> Cost:
    """The same, and all of it read once more for coverage records."""
    return _collected(scene, stage, "all")


def _collected(scene: Scene, stage: _Stage, coverage: str) -> Cost:
    stage.stdin.write_text(_definition(scene, stage.splunkd, coverage), encoding="utf-8")
    kvstore = stage.splunkd.kvstore(_APP)
    for name in kvstore.names():
        kvstore.answer("DELETE", f"data/{name}")
    script = stage.app / "bin" / "slack_audit.py"
    return _run(scene, stage, "add-on", [str(stage.python), str(script)])


def _splunklib(scene: Scene, stage: _Stage) -> Cost:
    """Bare: no HTTP, no checkpoint, pages from files."""
    line = [str(stage.python), str(_WRITER), str(stage.app / "lib"), *map(str, scene.pages)]
    return _run(scene, stage, "splunklib", line)


def _run(scene: Scene, stage: _Stage, what: str, line: list[str]) -> Cost:
    output = scene.bench.fresh("stream.xml")

    def drain(pipe: IO[bytes]) -> None:
        with output.open("wb") as file:
            shutil.copyfileobj(pipe, file, 1 << 20)

    # "exec" twice: what is measured is the interpreter and nothing around it.
    shell = ["/bin/sh", "-c", 'input="$1"; shift; exec "$@" < "$input"', "sh", str(stage.stdin)]
    command = ["/usr/bin/env", *stage.environment, *shell, *line]
    cost = measured(command, scene.bench.folder, PATIENCE, drain)
    lines = scene.bench.fresh("stream.ndjson")
    events = Events({})
    with output.open("rb") as file, lines.open("w", encoding="utf-8") as out:
        while piece := file.read(1 << 20):
            out.writelines(
                event["data"] + "\n"
                for event in events.feed(piece)
                # The add-on goes on to now; the truth ends where the emulator began.
                if int(event["time"]) <= scene.truth.latest
                and not event.get("sourcetype", "").endswith(":coverage")
            )
    if events.broken or not events.closed:
        raise Failed(f"{what}: the stream is broken: {events.broken or 'no end'}")
    scene.bench.check(what, compare(scene.emulator, scene.truth, lines))
    return cost


@contextmanager
def _stage(scene: Scene) -> Iterator[_Stage]:
    package = _TOP / "dist" / f"{_APP}-{__version__}.spl"
    if not package.exists():
        raise Failed(f"there is no {package.name}: make addon")
    home = scene.bench.folder / "splunk"
    python = _interpreter()
    with Splunkd(home, python) as splunkd:
        splunkd.install(package)
        account = {"region": "custom", "api_url": scene.emulator.base_url, "domain": "acme"}
        splunkd.confs.write(_APP, f"{_APP}_account", "acme", account)
        realm = f"__REST_CREDENTIAL__#{_APP}#configs/conf-{_APP}_account"
        end = _SEPARATOR + "".join(f"{letter}{_SEPARATOR}" for letter in "SPLUNK")
        for number, text in enumerate((json.dumps({"token": TOKEN}), end), 1):
            form = {"name": f"acme{_SEPARATOR}{number}", "realm": realm, "password": text}
            splunkd.call("POST", f"/servicesNS/nobody/{_APP}/storage/passwords", urlencode(form))
        stdin = scene.bench.folder / "input.xml"
        environment = (
            f"SPLUNK_HOME={home}",
            f"PYTHONPATH={SHIM}",
            f"DOUBLE_URI={splunkd.url}",
        )
        yield _Stage(python, home / "etc" / "apps" / _APP, environment, stdin, splunkd)


def _definition(scene: Scene, splunkd: Splunkd, coverage: str) -> str:
    """What splunkd tells a run. ``coverage``: as the input's field has it."""
    fields = {
        "account": "acme",
        "index": "main",
        "interval": "3600",
        "start": str(scene.truth.oldest),
        "max_calls_per_minute": "1000",
        "coverage": coverage,
    }
    params = "".join(
        f"<param name={quoteattr(key)}>{escape(value)}</param>" for key, value in fields.items()
    )
    return (
        f"<input><server_host>double</server_host><server_uri>{splunkd.url}</server_uri>"
        f"<session_key>{splunkd.session_key}</session_key>"
        f"<checkpoint_dir>{escape(str(splunkd.home))}</checkpoint_dir><configuration>"
        f'<stanza name="slack_audit://bench" app="{_APP}">{params}</stanza>'
        "</configuration></input>"
    )


def _interpreter() -> Path:
    """Splunk's Python 3.9, or, said in the table, what there is."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    found = sorted((root / "versions").glob("3.9.*/bin/python"))
    path = shutil.which("python3.9")
    return found[-1] if found else Path(path or sys.executable)


def _version(python: Path) -> str:
    ask = [str(python), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout.strip()
