"""Account: the account page and the sign-in page."""
