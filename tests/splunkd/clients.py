# SPDX-License-Identifier: Apache-2.0
# Runs on Splunk's Python, with nothing but the package's lib/: what the vendored clients make of
# the double. Arguments: lib, host, port, session key. Prints what it found as JSON.
import json
import sys

lib, host, port, key = sys.argv[1:5]
sys.path.insert(0, lib)

from solnlib.conf_manager import ConfManager, ConfManagerException  # noqa: E402
from solnlib.credentials import CredentialManager, CredentialNotExistException  # noqa: E402
from solnlib.modular_input.checkpointer import KVStoreCheckpointer  # noqa: E402
from splunklib import client  # noqa: E402

APP = "slack_audit_input"
at = {"scheme": "http", "host": host, "port": int(port)}
found = {}

manager = CredentialManager(key, APP, realm="a-realm/with:everything", **at)
long = "x" * 700 + "ü"
manager.set_password("acme", long)
manager.set_password("acme", long + "2")
found["secret"] = manager.get_password("acme") == long + "2"
manager.delete_password("acme")
try:
    manager.get_password("acme")
except CredentialNotExistException:
    found["forgotten"] = True

confs = ConfManager(key, APP, **at)
try:
    confs.get_conf("there_is_no_such_conf")
except ConfManagerException:
    found["no_conf"] = True
settings = confs.get_conf("slack_audit_input_settings")
settings.update("logging", {"loglevel": "DEBUG"})
found["loglevel"] = settings.get("logging")["loglevel"]
settings.update("made here", {"a": "b = c", "empty": ""})
found["made"] = {k: settings.get("made here").get(k) for k in ("a", "empty")}
settings.delete("made here")
found["stanzas"] = sorted(settings.get_all())

checkpoints = KVStoreCheckpointer("some_points", key, APP, **at)
found["none"] = checkpoints.get("one")
checkpoints.update("one", {"second": 1_790_000_000, "text": "ü <&> ]]>"})
checkpoints.batch_update([{"_key": "two", "state": 2}])
found["one"], found["two"] = checkpoints.get("one"), checkpoints.get("two")
checkpoints.delete("one")
found["gone"] = checkpoints.get("one")

service = client.connect(token=key, app=APP, owner="nobody", autologin=False, **at)
found["inputs"] = [each.name for each in service.confs["inputs"]]
documents = service.kvstore["some_points"].data
found["documents"] = [each["_key"] for each in documents.query()]
json.dump(found, sys.stdout)
