"""The TensorFlow releases on the channels."""
