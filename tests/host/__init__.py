# SPDX-License-Identifier: Apache-2.0
"""`make host`: the built add-on on the double and the emulator, for a person to click through."""
