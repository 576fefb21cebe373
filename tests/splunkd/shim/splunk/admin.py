# SPDX-License-Identifier: Apache-2.0
"""`splunk.admin`: how splunkd hands a request to an app's REST handler.

The request comes as JSON on stdin, the answer goes as JSON to the file of DOUBLE_ANSWER: one
process a request, where Splunk keeps the process.
"""

import json
import os
import sys

ACTION_CREATE = 1
ACTION_LIST = 2
ACTION_EDIT = 4
ACTION_REMOVE = 8
ACTION_MEMBERS = 16
ACTION_RELOAD = 32

CONTEXT_NONE = 1
CONTEXT_APP_ONLY = 2
CONTEXT_APP_AND_USER = 3

EAI_ENTRY_ACL = "eai:acl"


class ArgumentError(Exception):
    """An argument that the handler does not take."""


class ConfigItem(dict):
    """One entry of an answer."""

    def __init__(self):
        super().__init__()
        self.metadata = {}
        self.actions = ""

    def setMetadata(self, key, value):
        """What stands beside the content."""
        self.metadata[key] = value


class ConfigInfo(dict):
    """Entries of an answer, made when they are asked for."""

    def __missing__(self, name):
        self[name] = ConfigItem()
        return self[name]


class _Arguments:
    def __init__(self):
        self.required, self.optional = set(), set()

    def addReqArg(self, name):
        """It must be given."""
        self.required.add(name)

    def addOptArg(self, name):
        """It may be given."""
        self.optional.add(name)


class _CallerArguments:
    def __init__(self, name, data):
        self.id = name
        self.data = data

    def __getitem__(self, key):
        return self.data[key]

    def get(self, key, default=None):
        """A value, which is a list."""
        return self.data.get(key, default)


class MConfigHandler:
    """What handlers derive from."""

    def __init__(self, scriptMode=None, ctxInfo=None, request=None):
        import __main__

        self._request = request
        self.requestedAction = request["action"]
        self.callerArgs = _CallerArguments(request["id"], request["data"])
        self.supportedArgs = _Arguments()
        self.context = ctxInfo
        self.userName = "admin"
        self.appName = request["app"]
        self.customAction = ""
        __main__.___sessionKey = request["key"]

    def handleCreate(self, conf_info):
        """Handlers say which actions they have by having these."""
        raise NotImplementedError

    handleList = handleEdit = handleRemove = handleCreate

    def getSessionKey(self):
        """The key of whoever asks."""
        return self._request["key"]


def _handled(handler_class, request, context):
    handler = handler_class(None, context, request)
    handler.setup()
    if request["action"] in (ACTION_CREATE, ACTION_EDIT):
        given = set(request["data"])
        allowed = handler.supportedArgs.required | handler.supportedArgs.optional
        for name in sorted(given - allowed):
            raise ArgumentError(f'Argument "{name}" is not supported by this handler.')
        if request["action"] == ACTION_CREATE:
            missing = sorted(handler.supportedArgs.required - given)
            if missing:
                raise ArgumentError(
                    f"The following required arguments are missing: {', '.join(missing)}."
                )
    found = ConfigInfo()
    {
        ACTION_CREATE: handler.handleCreate,
        ACTION_LIST: handler.handleList,
        ACTION_EDIT: handler.handleEdit,
        ACTION_REMOVE: handler.handleRemove,
    }[request["action"]](found)
    return [
        {"name": name, "content": dict(item), "metadata": item.metadata}
        for name, item in found.items()
    ]


def init(handler_class, ctxInfo=CONTEXT_NONE, **kwargs):
    """Handle the request on stdin."""
    request = json.load(sys.stdin)
    try:
        answer = {"entries": _handled(handler_class, request, ctxInfo)}
    except ArgumentError as error:
        answer = {"status": 400, "text": str(error)}
    except Exception as error:  # whatever a handler raises is an answer to splunkd
        status = getattr(error, "statusCode", None) or getattr(error, "_status", None) or 500
        # splunkd's own words around an exception of a handler.
        text = (
            f'Unexpected error "{type(error)}" from python handler: "{error}". '
            "See splunkd.log/python.log for more details."
        )
        answer = {"status": status, "text": text}
    with open(os.environ["DOUBLE_ANSWER"], "w", encoding="utf-8") as file:
        json.dump(answer, file)
