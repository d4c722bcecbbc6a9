"""The Keras side: data, network, compiled epochs, probes, runner."""
