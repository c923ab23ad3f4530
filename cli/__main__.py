"""`python -m cli`, the same as `detente`."""

from cli import main

main()
