"""The store on SQLite: tables, repositories, migrations, one writer with group commit."""
