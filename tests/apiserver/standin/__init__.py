"""A strict stand-in for the Kubernetes API server, for tests and people."""
