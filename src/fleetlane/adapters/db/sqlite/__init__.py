"""The store in one file, on SQLite: the writer and the readers, its checks, its backups."""
