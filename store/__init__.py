"""What is kept: the lake of canonical tables and facts, the engine over it, our own records."""
