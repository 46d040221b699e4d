"""Bearer tokens for EKS: a presigned STS GetCallerIdentity that names the cluster.

The API server runs the request and so learns who signed it. Signing needs no network; the
cluster accepts a token for 15 minutes from its X-Amz-Date, whatever its expiry says.
"""

from __future__ import annotations

import base64
from typing import cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import ServiceId
from botocore.signers import RequestSigner

from bursar.adapters.assumed_role import Identity
from bursar.domain.cluster.records import ClusterUnreadableError

_PREFIX = "k8s-aws-v1."
_CLUSTER_HEADER = "x-k8s-aws-id"
_EXPIRES_SECONDS = 60


class EksToken:
    """Answers a fresh token at each call. `cluster_name` is the EKS cluster's own name."""

    def __init__(self, cluster_name: str, region: str, identity: Identity) -> None:
        self._cluster_name = cluster_name
        self._region = region
        self._identity = identity

    def __call__(self) -> str:
        """Sign one request.

        Raises:
            ClusterUnreadableError: there are no AWS credentials, or they could not be renewed,
                or the cluster's role could not be assumed.
        """
        try:
            url = self._presigned_url()
        except (BotoCoreError, ClientError) as error:
            raise ClusterUnreadableError(
                f"no token for {self._cluster_name}: {type(error).__name__}: {error}"
            ) from error
        return _PREFIX + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")

    def _presigned_url(self) -> str:
        signer = RequestSigner(
            ServiceId("STS"),
            self._region,
            "sts",
            "v4",
            self._identity.get_credentials(),
            self._identity.get_component("event_emitter"),
        )
        # the cluster accepts only its own partition's regional endpoints
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        request = {
            "method": "GET",
            "url": f"https://sts.{self._region}.{suffix}/"
            "?Action=GetCallerIdentity&Version=2011-06-15",
            "body": {},
            "headers": {_CLUSTER_HEADER: self._cluster_name},
            "context": {},
        }
        signed = signer.generate_presigned_url(
            request,
            region_name=self._region,
            expires_in=_EXPIRES_SECONDS,
            operation_name="",
        )
        return cast(str, signed)
