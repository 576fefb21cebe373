# SPDX-License-Identifier: Apache-2.0
"""What each action means to others: Splunk's CIM, Elastic's ECS. Written once, in `actions.csv`.

A new action is a new row there; what names no row, falls into the first row whose name, with its
`*`, fits. Anomalies say what they are by their reasons: `reasons.csv`.

Pure, standard library only, but for reading these two files; imports the catalogue alone.
"""
