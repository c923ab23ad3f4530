"""Pure arithmetic: facts, indicators, stage, survey. Opens no file, no socket, reads no clock."""
