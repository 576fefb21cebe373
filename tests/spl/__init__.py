# SPDX-License-Identifier: Apache-2.0
"""A small evaluator of SPL, for tests: the few commands that our searches use, as documented.

It is not Splunk. It runs the searches of dashboards and detections over rows of fields, so that a
search with a wrong name, a wrong condition or a wrong bracket is found; what it does not know is
an error, so nothing is passed over in silence.
"""
