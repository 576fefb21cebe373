# SPDX-License-Identifier: Apache-2.0
"""`splunk.rest` as far as solnlib needs it."""

import os
import urllib.error
import urllib.parse
import urllib.request


def makeSplunkdUri():
    """Where splunkd is."""
    return os.environ["DOUBLE_URI"] + "/"


def simpleRequest(path, sessionKey=None, getargs=None, postargs=None, method="GET", **kwargs):
    """One request to splunkd: (response, content)."""
    url = path if path.startswith("http") else os.environ["DOUBLE_URI"] + path
    if getargs:
        url += "?" + urllib.parse.urlencode(getargs)
    data = urllib.parse.urlencode(postargs).encode() if postargs else None
    request = urllib.request.Request(url, data, method="POST" if data else method)
    request.add_header("Authorization", f"Splunk {sessionKey}")
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return _Response(response.status), response.read()
    except urllib.error.HTTPError as error:
        return _Response(error.code), error.read()


class _Response(dict):
    def __init__(self, status):
        super().__init__()
        self.status = status
