"""`python -m toban`: the `toban` command, for starting it as a child with the same interpreter."""

from toban.wiring import main

main()
