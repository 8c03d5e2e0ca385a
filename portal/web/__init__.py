"""What every page and form needs: headers, errors, rate limits, caching, paging."""
