# SPDX-License-Identifier: Apache-2.0
"""Paths below Splunk's home."""

import os


def make_splunkhome_path(parts):
    """An absolute path."""
    return os.path.normpath(os.path.join(os.environ["SPLUNK_HOME"], *parts))
