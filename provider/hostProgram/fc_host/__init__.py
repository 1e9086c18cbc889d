"""What this package does on a host beside the task server: networks, Firecracker, root filesystems, microVMs.

A folder for each topic, and in it a module for each operation. It is sent over standard input and runs from memory.
"""
