"""`python -m toban`: the `toban` command, for whoever starts it as a child with the same interpreter."""

from toban.wiring import main

main()
