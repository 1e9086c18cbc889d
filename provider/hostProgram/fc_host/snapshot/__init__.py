"""Snapshots of microVMs: the guest's memory, the state of its devices, and its drives, as they were at one instant.

snapshots/<name>/ holds record.json, state, memory, drives/<drive id> and manifest.json, which is written last: a folder
without it is no snapshot.
"""
