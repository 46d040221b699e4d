"""A bucket as every one of ours is: encrypted by our key, closed to the public, TLS only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


class PrivateBucket(s3.Bucket):
    """Kept when the stack is deleted (`retain`), or gone with it; `rest` is S3's own."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        key: kms.IKey,
        retain: bool,
        lifecycle_rules: Sequence[s3.LifecycleRule] = (),
        **rest: Any,
    ) -> None:
        # parts of an upload that was broken off are paid for, and seen by nobody
        unfinished = s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1))
        super().__init__(
            scope,
            id_,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            lifecycle_rules=[*lifecycle_rules, unfinished],
            removal_policy=RemovalPolicy.RETAIN if retain else RemovalPolicy.DESTROY,
            **rest,
        )
