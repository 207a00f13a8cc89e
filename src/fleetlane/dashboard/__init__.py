"""The pages for people: rendered here, kept up to date by events, and nothing in them comes from elsewhere."""
