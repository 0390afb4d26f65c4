"""Security: what every request passes before anything answers it; what the policy does not allow is refused."""
