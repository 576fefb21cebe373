# SPDX-License-Identifier: Apache-2.0
"""The files under deploy/: what they start is started, and what they promise is in them."""

from __future__ import annotations

import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from slack_audit_input.hosts.cli.configfile import options_of
from slack_audit_input.hosts.cli.run import run
from tests.cli.command import Command, until
from tests.cli.server import history, slack_with
from tests.cli.test_health import free_port, got
from tests.receivers.running import running

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = DEPLOY / "slack-audit-input.service"
#: Exposure that `systemd-analyze security` may find, of 100 (it counts in tenths).
EXPOSED = 20


def unit() -> dict[str, list[str]]:
    """The unit's service section: every key with all its values."""
    section = UNIT.read_text().split("[Service]\n")[1].split("\n[Install]")[0]
    found: dict[str, list[str]] = {}
    for line in section.splitlines():
        if line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_runs_as_written(tmp_path: Path) -> None:
    """Its ExecStart line, with systemd's specifiers and paths replaced by ours."""
    (line,) = unit()["ExecStart"]
    credentials, state = tmp_path / "credentials", tmp_path / "state"
    port = free_port()
    with slack_with(history(300, 7200)) as slack, running(tmp_path) as receiver:
        credentials.mkdir()
        command = Command(credentials, slack.url)
        (state / "slack-audit-input").mkdir(parents=True)
        config = tmp_path / "collector.toml"
        text = (DEPLOY / "collector.toml").read_text()
        config.write_text(text.replace("127.0.0.1:24224", f"127.0.0.1:{receiver.port}"))
        words = shlex.split(
            line.replace("%d", str(credentials))
            .replace("%S", str(state))
            .replace("/etc/slack-audit-input/collector.toml", str(config))
            .replace("127.0.0.1:9110", f"127.0.0.1:{port}")
        )
        assert words.pop(0) == "/opt/slack-audit-input/bin/slack-audit-input"
        for name in ("SLACK_AUDIT_STATE", "SLACK_AUDIT_TOKEN_FILE"):
            del command.environment[name]
        process = command.start(*words)
        try:
            until(lambda: set(receiver.ids()) == set(slack.ids()))
            assert got(port, "/healthz")[0] == 200
            ended = command.end(process, getattr(signal, unit()["KillSignal"][0]))
        finally:
            command.kill_all()
        assert ended.code == 0, ended.err
        assert (state / "slack-audit-input" / "state.sqlite").exists()


def test_the_unit_is_well_formed_and_hardened() -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("no systemd-analyze here: the unit is not verified (apt-get install systemd)")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / UNIT.name
        text = UNIT.read_text().replace("/opt/slack-audit-input/bin/slack-audit-input", "/bin/true")
        copy.write_text(text)
        verified = subprocess.run(
            [analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
        )
        assert (verified.returncode, verified.stderr) == (0, "")
        secure = subprocess.run(
            [analyze, "security", "--offline=yes", f"--threshold={EXPOSED}", str(copy)],
            capture_output=True,
            text=True,
            check=False,
        )
    assert secure.returncode == 0, secure.stdout[-300:] + secure.stderr


def test_the_unit_stops_for_what_only_a_person_can_mend() -> None:
    service = unit()
    assert service["Restart"] == ["on-failure"]
    assert service["RestartPreventExitStatus"] == ["2 3"]
    assert service["DynamicUser"] == ["yes"]
    assert service["LoadCredential"] == ["token:/etc/slack-audit-input/token"]


def documents(name: str) -> dict[str, Any]:
    """A manifest's objects by kind."""
    found = list(yaml.safe_load_all((DEPLOY / f"kubernetes-{name}.yaml").read_text()))
    assert all(one["apiVersion"] and one["metadata"]["name"] for one in found)
    return {one["kind"]: one for one in found}


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
def test_manifests(name: str) -> None:
    found = documents(name)
    deployment = found["Deployment"]["spec"]
    pod = deployment["template"]["spec"]
    (container,) = pod["containers"]
    assert deployment["selector"]["matchLabels"] == deployment["template"]["metadata"]["labels"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["capabilities"]["drop"] == ["ALL"]
    assert container["readinessProbe"]["httpGet"] == {"path": "/healthz", "port": "health"}
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "health"}
    mounted = {mount["name"] for mount in container["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    # The options are understood, and the token is a file of the secret.
    assert container["args"][0] == "run"
    known = {option for one in options_of(run).values() for option in one.opts}
    assert {arg.split("=")[0] for arg in container["args"][1:]} <= known
    assert "--standby" in container["args"]
    assert "--token-file=/secrets/token" in container["args"]
    (secret,) = [v["secret"] for v in pod["volumes"] if v["name"] == "secrets"]
    assert secret["secretName"] == found["Secret"]["metadata"]["name"]
    assert "xoxp" not in (DEPLOY / f"kubernetes-{name}.yaml").read_text()


def test_sqlite_has_one_replica_on_a_volume_and_postgresql_has_two() -> None:
    one, two = documents("sqlite"), documents("postgresql")
    assert one["Deployment"]["spec"]["replicas"] == 1
    assert one["Deployment"]["spec"]["strategy"] == {"type": "Recreate"}
    volumes = one["Deployment"]["spec"]["template"]["spec"]["volumes"]
    claims = [v["persistentVolumeClaim"]["claimName"] for v in volumes if v["name"] == "state"]
    assert claims == [one["PersistentVolumeClaim"]["metadata"]["name"]]
    assert two["Deployment"]["spec"]["replicas"] == 2
    (container,) = two["Deployment"]["spec"]["template"]["spec"]["containers"]
    (variable,) = container["env"]
    assert variable["name"] == options_of(run)["state"].envvar
    key = variable["valueFrom"]["secretKeyRef"]["key"]
    assert two["Secret"]["stringData"][key].startswith("postgresql://")


def test_the_containerfile_copies_what_the_build_needs_and_is_not_root() -> None:
    text = (DEPLOY / "Containerfile").read_text()
    for copied in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE):
        for name in copied.split():
            assert (DEPLOY.parent / name).exists(), name
    assert re.search(r"^USER 65532:65532$", text, re.MULTILINE)
    extras = set(re.search(r"'\.\[(.+)\]'", text)[1].split(","))  # type: ignore[index]
    declared = (DEPLOY.parent / "pyproject.toml").read_text()
    assert all(re.search(rf"^{extra} = \[", declared, re.MULTILINE) for extra in extras)
    # Every instruction is one that a builder knows.
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "ENV", "VOLUME", "STOPSIGNAL"}
    lines = re.sub(r"\\\n", "", text).splitlines()
    used = {line.split()[0] for line in lines if line and not line.startswith("#")}
    assert used <= known | {"ENTRYPOINT", "CMD"}
