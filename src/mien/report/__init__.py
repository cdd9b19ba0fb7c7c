"""Pages, charts and contact sheets: what figures look like. Needs the extra `report`."""
