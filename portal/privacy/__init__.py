"""`/meine-daten`, retention, legal holds and the privacy page, all drawn from the register of personal data."""
