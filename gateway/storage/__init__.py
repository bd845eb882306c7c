"""Where registry objects and documents are kept: SQLite and files."""
