"""What the sections of bursar.yaml are made of: a strict base, and the forms of names."""

from __future__ import annotations

import base64
import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

REGION_PATTERN = r"^[a-z]{2}(-[a-z]+)+-\d$"

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$")]
Region = Annotated[str, Field(pattern=REGION_PATTERN)]
AccountId = Annotated[str, Field(pattern=r"^\d{12}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
RoleArn = Annotated[
    str,
    Field(pattern=r"^arn:aws(-[a-z]+)*:iam::\d{12}:role/[a-zA-Z0-9_+=,.@/-]+$", max_length=640),
]


def _is_https_beyond_loopback(url: str) -> str:
    if url.startswith("http://") and not re.match(
        r"^http://(127\.0\.0\.1|localhost)[:/]", f"{url}/"
    ):
        raise ValueError("must be https")
    return url


Endpoint = Annotated[
    str, Field(pattern=r"^https?://\S+$"), AfterValidator(_is_https_beyond_loopback)
]


def _is_pem_in_base64(text: str) -> str:
    try:
        pem = base64.b64decode(text, validate=True)
    except ValueError:
        raise ValueError("must be base64, as `aws eks describe-cluster` prints it") from None
    if b"BEGIN CERTIFICATE" not in pem:
        raise ValueError("holds no PEM certificate")
    return text


CertificateAuthority = Annotated[str, AfterValidator(_is_pem_in_base64)]


class Section(BaseModel):
    """Unknown fields are refused: a misspelt one would be ignored in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")
