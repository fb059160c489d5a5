"""The demo's month: made up, then lived through by the engine itself."""
