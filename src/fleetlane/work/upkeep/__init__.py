"""What goes on beside the tasks: events, the licence, old things deleted, the packs kept up to date."""
