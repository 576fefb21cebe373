# SPDX-License-Identifier: Apache-2.0
"""Many organizations at once: an emulator of all of them, and what collecting them takes."""
