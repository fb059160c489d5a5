"""The extension of chapter 5: releases, rollbacks, their sources and engines."""

from toban.chapters.release.engine import DEPLOYMENTS, ENGINE_KINDS
from toban.chapters.release.source import RELEASES, SOURCE_KINDS
from toban.engine.extension import Extension

EXTENSION = Extension(
    name="release",
    manual="releases.md",
    tables=(RELEASES, DEPLOYMENTS),
    points=(SOURCE_KINDS, ENGINE_KINDS),
    kinds={"releases": {}, "deployments": {}},
    apps=("toban.chapters.release",),
)
