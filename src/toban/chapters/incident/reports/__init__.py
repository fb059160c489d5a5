"""Reports of incidents (障害報告書): drafted from evidence, completed by people, approved."""
