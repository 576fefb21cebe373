# SPDX-License-Identifier: Apache-2.0
"""What to read next and what an answer means: pure, values in and values out."""
