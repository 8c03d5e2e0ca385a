"""The WSGI entry point, and what `flask --app wsgi` opens."""

import sys

from portal import create_app
from portal.config import ConfigurationError
from portal.content import ContentError

try:
    app = create_app()
except (ConfigurationError, ContentError) as error:
    # What is wrong, and no traceback around it: whoever starts the portal can mend it.
    sys.exit(str(error))
