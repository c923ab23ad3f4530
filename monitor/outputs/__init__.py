"""How results leave: the terminal; later files, alerts, the review pack."""
