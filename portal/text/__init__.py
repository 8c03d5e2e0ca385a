"""Text that people wrote: normalised, rendered to safe HTML, compared word by word."""
