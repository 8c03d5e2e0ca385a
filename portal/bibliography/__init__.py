"""What can be cited, in the formats that reference managers and libraries read."""
