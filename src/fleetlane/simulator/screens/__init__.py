"""What a simulated phone shows: nodes, windows, the UI tree and pictures of them."""
