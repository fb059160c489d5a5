"""The fake engine as a module that `toban.toml` can name: `kind = "fake"`."""

from tests.integration.chapters.backup.fake_engine import Source, kind_of

SOURCE = Source()
"""The source that every engine of this kind backs up."""

KIND = kind_of(SOURCE)
