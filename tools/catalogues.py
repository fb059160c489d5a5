"""`python -m tools.catalogues`: compile the message catalogues as a build does, after one has changed."""

from pathlib import Path

from hatch_build import compile_catalogues

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Compile Toban's own catalogues and those of the demo's package."""
    for package in (ROOT / "src/toban", ROOT / "examples/webshop"):
        compile_catalogues(package)


if __name__ == "__main__":
    main()
