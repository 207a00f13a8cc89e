"""Running tasks: who is next, an attempt on its phone's thread, its end, and what a crash left."""
