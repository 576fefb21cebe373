# SPDX-License-Identifier: Apache-2.0
"""Slack's side: one GET, its errors, the call budget, the decoding of a page."""
