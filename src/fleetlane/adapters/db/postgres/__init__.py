"""The store on PostgreSQL, for several servers and hosts."""
