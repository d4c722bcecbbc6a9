"""`python -m kerasdemo`."""

from kerasdemo.cli import main

if __name__ == "__main__":
    main()
