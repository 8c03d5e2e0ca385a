"""What a development machine needs and a production one never has: the SMTP catcher, its mailbox, `make run`."""
