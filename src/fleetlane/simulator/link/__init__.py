"""What a simulated phone answers to a computer, whoever carries the bytes."""
