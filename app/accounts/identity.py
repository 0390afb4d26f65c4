"""Identity: a user's account at a sign-in provider."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Identity:
    """Keyed by `provider` and `subject`; everything else may change or change hands."""

    provider: str
    subject: str
    name: str
    email: str | None = None
    email_verified: bool = False
    avatar_url: str | None = None

    @property
    def proven_email(self) -> str | None:
        """The address, if it can decide whose account this is.

        Not beyond ASCII: lower-casing maps other letters to ours (the Kelvin sign to k), which has let people sign in as others.
        """
        return self.email.lower() if self.email and self.email_verified and self.email.isascii() else None
