"""A channel that takes its time: a small TensorFlow, served over HTTP a few kilobytes at a time."""
