# SPDX-License-Identifier: Apache-2.0
"""The Splunk package: what only it needs, and how it is built.

``globalConfig.json`` and ``package/`` are the sources that UCC's generator reads, beside the
collector itself and ``default/`` at the top of the repository; the modules here put them
together, run the generator, and pack what it makes so that the same commit gives the same bytes.
"""
