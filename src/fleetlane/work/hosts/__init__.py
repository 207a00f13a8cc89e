"""The other computers with phones: how they are, who lets them in, the links to them, and what files they get."""
