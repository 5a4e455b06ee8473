"""A slow oracle of working time that shares no code with the rules: nothing here may import a package of ours."""
