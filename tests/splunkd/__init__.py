# SPDX-License-Identifier: Apache-2.0
"""A double of splunkd's REST, of Splunk Web, and of how splunkd runs modular inputs.

It is no Splunk: it does what the add-on's own parts (splunk-sdk, solnlib, splunktaucclib, UCC's
pages) need, in the way they can tell. `Splunkd` in splunkd.py is the whole; `python -m
tests.splunkd` starts it from a terminal.
"""
