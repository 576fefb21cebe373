# SPDX-License-Identifier: Apache-2.0
"""Tests of the catalogue and of the commands that show it."""
