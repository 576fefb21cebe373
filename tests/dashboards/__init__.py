# SPDX-License-Identifier: Apache-2.0
"""The dashboards: checked here, and drawn in a browser by `make dashboards`."""
