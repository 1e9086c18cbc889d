"""Looks at a host: whether Firecracker and its networks can work there, and what a person should know of it."""
