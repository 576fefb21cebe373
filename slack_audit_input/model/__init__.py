# SPDX-License-Identifier: Apache-2.0
"""The values everything speaks in: events, pages, windows, the ledger, errors. No I/O."""
