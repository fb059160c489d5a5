"""The machine that Toban itself runs on, without any exporter."""
