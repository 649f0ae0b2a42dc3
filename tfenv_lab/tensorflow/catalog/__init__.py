"""The releases of TensorFlow on the channels."""
