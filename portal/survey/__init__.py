"""Online surveys: questions from a file, answers without a person, results with their method first."""
