"""Asking for the link to one's data."""

from portal.text.fields import AddressField
from portal.web.forms import PortalForm


class LinkForm(PortalForm):
    """The address that the link is sent to."""

    email = AddressField()
