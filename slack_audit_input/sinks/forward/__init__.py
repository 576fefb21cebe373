# SPDX-License-Identifier: Apache-2.0
"""Fluentd's forward protocol, acknowledged: to Fluentd, Fluent Bit and whoever speaks it.

Only this package may import ``fluent``, ``msgpack`` and ``msgspec``: what runs inside Splunk does
without them.
"""
