# SPDX-License-Identifier: Apache-2.0
"""The modular input: everything that knows Splunk, but for the events' XML and the KV store."""

#: The app, as its folder and its confs are named.
APP = "slack_audit_input"
#: The kind of input, and what its events are (the sourcetype of the add-on that people have).
KIND = "slack_audit"
SOURCETYPE = "slack:audit"
