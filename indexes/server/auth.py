"""Let in only those who have the token."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer


def require_token(token: str) -> Callable[..., Awaitable[None]]:
    """Return a dependency that refuses other tokens; it takes as long for any wrong one."""
    bearer = HTTPBearer(auto_error=False)

    async def check(
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> None:
        given = credentials.credentials if credentials else ""
        # Headers come as Latin-1, whatever they were.
        if not hmac.compare_digest(given.encode("latin-1", "replace"), token.encode()):
            detail = "this needs the right token: Authorization: Bearer TOKEN"
            raise HTTPException(401, detail, headers={"WWW-Authenticate": "Bearer"})

    return check
