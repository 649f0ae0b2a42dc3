"""Running TensorFlow in an environment, and finding what is wrong with it."""
