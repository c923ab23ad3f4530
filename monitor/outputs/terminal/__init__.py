"""Results as text for people, a file for what belongs together. Errors go to standard error."""
