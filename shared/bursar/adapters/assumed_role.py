"""The credentials of a role in another account, which has let Bursar assume it.

What that account must allow, once for each cluster (`role_arn` in bursar.yaml):

- the role trusts (`sts:AssumeRole`) the roles of `snapshot_cluster` and `close_hour`, which the
  stack's outputs name `RoleSnapshotCluster` and `RoleCloseHour`;
- an EKS access entry of type STANDARD puts the role into the group `bursar-readers`, and
  `bursar cluster manifest` is applied to the cluster;
- its policy allows `ec2:DescribeVolumes`, `ec2:DescribeSnapshots`,
  `ec2:DescribeCapacityReservations` and, where volumes stand on EFS or FSx,
  `elasticfilesystem:DescribeFileSystems` or `fsx:DescribeFileSystems`.

EC2's state changes of that account are not heard here: its nodes live from the first snapshot
that shows them to the last. Spot prices are those of the zones that Bursar's own account calls
by the same names.
"""

from __future__ import annotations

from typing import Any, Protocol, cast

from botocore.credentials import Credentials
from botocore.session import Session

SESSION_NAME = "bursar"


class Identity(Protocol):
    """Who signs a request: a botocore session, or whoever answers like one."""

    def get_credentials(self) -> Credentials | None: ...

    def get_component(self, name: str) -> Any: ...


class AssumedRole:
    """Assumes the role anew each time its credentials are asked for; they last an hour.

    STS is asked at the regional endpoint of this function's own region, whose credentials
    hold in every region, also in those that only the other account has turned on.
    """

    def __init__(self, role_arn: str, session: Session) -> None:
        self._role_arn = role_arn
        self._session = session

    def get_credentials(self) -> Credentials:
        """Ask STS.

        Raises:
            BotoCoreError: there are no credentials of our own, or STS cannot be reached.
            ClientError: the role does not trust us, or we may not assume it.
        """
        sts = self._session.create_client("sts")
        told = sts.assume_role(RoleArn=self._role_arn, RoleSessionName=SESSION_NAME)
        given = told["Credentials"]
        return Credentials(
            given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"], "assume-role"
        )

    def get_component(self, name: str) -> Any:
        return self._session.get_component(name)

    def client(self, service: str, region: str) -> Any:
        """A client of the other account, for as long as one run takes."""
        credentials = self.get_credentials()
        return cast(
            Any,
            self._session.create_client(
                service,
                region_name=region,
                aws_access_key_id=credentials.access_key,
                aws_secret_access_key=credentials.secret_key,
                aws_session_token=credentials.token,
            ),
        )
