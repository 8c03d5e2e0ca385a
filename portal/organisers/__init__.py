"""The organisers' office: accounts, roles, second factor, audit log, and the frame that slices put their work in."""
