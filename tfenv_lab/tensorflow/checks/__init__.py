"""Checks: run TensorFlow inside an environment, and find its problems."""
