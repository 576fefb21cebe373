# SPDX-License-Identifier: Apache-2.0
"""The bill of materials: what the package brings along of others, as CycloneDX 1.5 JSON.

Made from what is in the package, its ``lib/*.dist-info``, and not from what was asked for. The same
package gives the same bytes: no time of making, and a serial number from the content.
"""

from __future__ import annotations

import email.parser
import json
import uuid
from pathlib import Path
from typing import Any

#: Licences as packages write them in words, and their SPDX ids.
_SPDX = {
    "Apache 2": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "http://www.apache.org/licenses/LICENSE-2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "MIT License": "MIT",
    "PSFL": "PSF-2.0",
}


def bill(app: Path, name: str, version: str) -> str:
    """The document's text. Raises ValueError for a vendored package without name or version."""
    components = sorted(
        (_component(path) for path in (app / "lib").glob("*.dist-info")),
        key=lambda one: str(one["purl"]),
    )
    this = {
        "type": "application",
        "bom-ref": name,
        "name": name,
        "version": version,
        "licenses": [{"expression": "Apache-2.0"}],
    }
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": this},
        "components": components,
        "dependencies": [{"ref": name, "dependsOn": [one["bom-ref"] for one in components]}],
    }
    text = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, text).urn
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _component(folder: Path) -> dict[str, Any]:
    text = (folder / "METADATA").read_text(encoding="utf-8")
    fields = email.parser.HeaderParser().parsestr(text)
    name, version = fields["Name"], fields["Version"]
    if not name or not version:
        raise ValueError(f"{folder} names no package")
    where = f"pkg:pypi/{name.lower().replace('_', '-').replace('.', '-')}@{version}"
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": where,
        "name": name,
        "version": version,
        "purl": where,
    }
    licence = fields["License-Expression"]
    if licence:
        found["licenses"] = [{"expression": licence}]
    elif fields["License"]:
        words = fields["License"].strip().splitlines()[0]
        known = _SPDX.get(words, words)
        kind = "name" if " " in known else "id"
        found["licenses"] = [{"license": {kind: known}}]
    return found
