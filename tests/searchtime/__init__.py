# SPDX-License-Identifier: Apache-2.0
"""Splunk's steps at search time, as far as our conf files use them, in its documented order.

Extraction of JSON, aliases, evals (all from the same fields), lookups, event types, tags. This, and
not a Splunk, is what the tests run. What the documentation leaves open it refuses: a conf file that
relies on such a thing fails here.
"""
