"""What must not be stored is masked."""

from toban.engine.masks.masker import HIDDEN, Mask, Masker, masker

__all__ = ["HIDDEN", "Mask", "Masker", "masker"]
