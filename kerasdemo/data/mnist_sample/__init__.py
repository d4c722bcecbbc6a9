"""5,000 real MNIST digits: see README.md beside this file."""
