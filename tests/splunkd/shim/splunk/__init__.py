# SPDX-License-Identifier: Apache-2.0
"""The smallest `splunk` package on which solnlib and splunktaucclib run; Splunk has its own."""

import os


class RESTException(Exception):
    """An error that splunkd answered with."""

    def __init__(self, status, msg=None, *args):
        super().__init__(msg)
        self.statusCode = status
        self.msg = msg

    def get_message_text(self):
        """Its sentence."""
        return str(self.msg)


def getSessionKey(*args, **kwargs):
    """The session key of the request that is being handled."""
    return os.environ.get("DOUBLE_SESSION_KEY", "")
