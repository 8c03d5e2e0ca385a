"""The newsletter: issues that organisers write, campaigns that bring them to people, a delivery for each of these."""
