"""The Keras side: network, compiled epochs, callbacks, sanity checks, runner."""
