"""How people are told: email and webhooks by owner, and one Slack channel."""

from __future__ import annotations

from collections import defaultdict

from aws_cdk import Names, Stack
from aws_cdk import aws_chatbot as chatbot
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from bursar.config import Config
from bursar.config.notifications import SlackChannel

OWNER = "owner"  # the message attribute that subscriptions filter on


class Topics(Construct):
    """Two topics: people read plain text, and chat reads JSON of its own shape."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        key: kms.IKey,
        undelivered: sqs.IQueue,
    ) -> None:
        super().__init__(scope, id_)
        self.alerts = sns.Topic(self, "Alerts", master_key=key, enforce_ssl=True)
        self.slack = sns.Topic(self, "Slack", master_key=key, enforce_ssl=True)
        self._let_alarms_publish()
        self._subscribe(config, undelivered)
        if config.notifications.slack:
            self._show_in(config.notifications.slack)

    def _let_alarms_publish(self) -> None:
        """A topic with a policy of its own has lost the default one, which alarms rely on."""
        stack = Stack.of(self)
        alarms = stack.format_arn(service="cloudwatch", resource="alarm:*")
        self.alerts.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsOfThisAccount",
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.alerts.topic_arn],
                conditions={
                    "ArnLike": {"aws:SourceArn": alarms},
                    "StringEquals": {"aws:SourceAccount": stack.account},
                },
            )
        )

    def _subscribe(self, config: Config, undelivered: sqs.IQueue) -> None:
        """One endpoint is one subscription: SNS refuses a second with another filter."""
        catch_all = dict.fromkeys(config.notifications.catch_all)
        emails = _by_endpoint({name: owner.emails for name, owner in config.owners.items()})
        webhooks = _by_endpoint({name: owner.webhooks for name, owner in config.owners.items()})
        for email in catch_all:
            self.alerts.add_subscription(
                subscriptions.EmailSubscription(email, dead_letter_queue=undelivered)
            )
        for email, owners in emails.items():
            if email not in catch_all:
                self.alerts.add_subscription(
                    subscriptions.EmailSubscription(
                        email, filter_policy=_only(owners), dead_letter_queue=undelivered
                    )
                )
        for url, owners in webhooks.items():
            self.alerts.add_subscription(
                subscriptions.UrlSubscription(
                    url, filter_policy=_only(owners), dead_letter_queue=undelivered
                )
            )

    def _show_in(self, channel: SlackChannel) -> None:
        chatbot.SlackChannelConfiguration(
            self,
            "SlackChannel",
            # the service wants a name, unique in the account
            slack_channel_configuration_name=Names.unique_resource_name(self, max_length=100),
            slack_workspace_id=channel.workspace_id,
            slack_channel_id=channel.channel_id,
            notification_topics=[self.slack],
            # the default guardrail is AdministratorAccess; this channel only listens
            guardrail_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AWSDenyAll")],
        )


def _by_endpoint(endpoints_of: dict[str, tuple[str, ...]]) -> dict[str, list[str]]:
    owners_of: dict[str, list[str]] = defaultdict(list)
    for owner, endpoints in endpoints_of.items():
        for endpoint in dict.fromkeys(endpoints):
            owners_of[endpoint].append(owner)
    return owners_of


def _only(owners: list[str]) -> dict[str, sns.SubscriptionFilter]:
    return {OWNER: sns.SubscriptionFilter.string_filter(allowlist=owners)}
