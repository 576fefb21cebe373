# SPDX-License-Identifier: Apache-2.0
"""The loop: what to read, what came back, the one commit order."""
