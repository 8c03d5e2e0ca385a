"""Who gets mails that nobody asked for singly: subscriptions, and the segments of people that campaigns go to."""
