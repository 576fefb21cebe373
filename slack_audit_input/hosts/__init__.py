# SPDX-License-Identifier: Apache-2.0
"""The systems around us: they know everything and decide nothing."""
