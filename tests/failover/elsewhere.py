# SPDX-License-Identifier: Apache-2.0
"""Run the command as on a machine of another name: ``python -m tests.failover.elsewhere NAME …``.

A process of this host is known to be dead the moment it is; only between hosts does silence
have to tell. The name is all that says which host it is.
"""

from __future__ import annotations

import socket
import sys

if __name__ == "__main__":
    name = sys.argv.pop(1)
    socket.gethostname = lambda: name
    from slack_audit_input.hosts.cli.main import main

    main()
