"""The phones: which is which, what each says of itself, and how a person uses one by hand."""
