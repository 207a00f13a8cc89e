"""What will become of tasks, as things are now: what is on record, how their files are, which posts repeat another."""
