import pytest

from tests.infra.function_names import NAMES

EVERYBODY = set(NAMES)


def those_who_may(deployed, action):
    return {name for name in deployed.functions() if action in deployed.allowed(name)}


@pytest.mark.parametrize(
    ("action", "names"),
    [
        (
            "s3:PutObject",
            {
                *("snapshot_cluster", "ingest_usage", "serve_api", "collect_usage_metrics"),
                "chain_audit",
            },
        ),
        ("s3:GetObject*", {"snapshot_cluster", "collect_prices", "close_hour"}),
        ("sns:Publish", {"send_notifications"}),
        ("pricing:GetProducts", {"collect_prices"}),
        ("ec2:DescribeSpotPriceHistory", {"collect_prices"}),
        ("ce:GetCostAndUsage", {"collect_spend"}),
        ("ec2:DescribeVolumes", {"close_hour"}),
        ("ec2:DescribeSnapshots", {"close_hour"}),
        ("ec2:DescribeCapacityReservations", {"close_hour"}),
        ("elasticfilesystem:DescribeFileSystems", {"close_hour"}),
        ("fsx:DescribeFileSystems", {"close_hour"}),
        ("cloudwatch:ListMetrics", {"collect_usage_metrics"}),
        ("cloudwatch:GetMetricData", {"collect_usage_metrics"}),
        ("bedrock:ListProvisionedModelThroughputs", {"collect_usage_metrics"}),
        ("aps:QueryMetrics", {"collect_usage_metrics"}),
        (
            "secretsmanager:GetSecretValue",
            {"reconcile_spend", "serve_api", "ask_in_slack", "decide_in_slack"},
        ),
        ("sts:AssumeRole", {"snapshot_cluster", "close_hour"}),
        (
            "lambda:InvokeFunction",
            {
                *("attribute_costs", "close_hour", "collect_spend"),
                *("ask_approver", "remind_approver", "serve_api"),
            },
        ),
        ("states:StartExecution", {"serve_api", "resume_workflows"}),
        (
            "states:SendTaskSuccess",
            {"serve_api", "ask_approver", "remind_approver", "decide_in_slack"},
        ),
        ("dynamodb:GetRecords", {"send_notifications", "chain_audit"}),
        ("dynamodb:GetItem", EVERYBODY - {"record_node_lifetimes"}),
        ("dynamodb:PutItem", EVERYBODY),
    ],
)
def test_only_those_who_need_it_may(deployed, action, names):
    assert those_who_may(deployed, action) == names


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_nobody_may_do_anything_to_a_whole_service(deployed, name):
    allowed = deployed.allowed(name)

    assert not {action for action in allowed if action.endswith(":*")}


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_only_reading_and_tracing_take_any_resource(deployed, name):
    anywhere = {action for action, where in deployed.allowed(name).items() if "*" in where}

    writes = {
        action
        for action in anywhere
        if not action.startswith(
            (
                *("xray:Put", "pricing:Get", "ce:Get", "ec2:Describe"),
                *("elasticfilesystem:Describe", "fsx:Describe"),
                *("cloudwatch:Get", "cloudwatch:List", "bedrock:List"),
            )
        )
    }
    assert not writes


def test_only_the_configured_roles_are_assumed_and_none_from_a_private_network(deployed):
    assuming = {
        role["Ref"]: statement["Resource"]
        for policy in deployed.all("AWS::IAM::Policy").values()
        for statement in policy["PolicyDocument"]["Statement"]
        for role in policy["Roles"]
        if statement["Action"] == "sts:AssumeRole"
    }
    public = {
        function["Role"]["Fn::GetAtt"][0]
        for name in ("snapshot_cluster", "close_hour")
        for function in deployed.functions()[name].values()
        if "VpcConfig" not in function
    }

    assert assuming == dict.fromkeys(public, "arn:aws:iam::444455556666:role/bursar-reader")


def test_without_a_cluster_abroad_nobody_assumes_a_role(smallest):
    assert not [n for n in smallest.functions() if "sts:AssumeRole" in smallest.allowed(n)]


def test_nobody_scans_the_table_or_changes_it(deployed):
    for name in deployed.functions():
        allowed = deployed.allowed(name)
        assert not {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:UpdateTable"} & set(allowed)


def test_nobody_changes_anything_in_ec2_or_eks(deployed):
    for name in deployed.functions():
        services = {action.split(":")[0] for action in deployed.allowed(name)}
        assert "eks" not in services
        assert "autoscaling" not in services


def test_only_the_configured_secrets_are_read(deployed):
    read = {
        "reconcile_spend": "openai",
        "serve_api": "slack/signing",
        "ask_in_slack": "slack/token",
        "decide_in_slack": "slack/token",
    }
    for name, secret in read.items():
        assert deployed.allowed(name)["secretsmanager:GetSecretValue"] == [
            f"arn:aws:secretsmanager:eu-west-1:111122223333:secret:{secret}-??????"
        ]


def test_metrics_are_asked_of_the_configured_workspace_alone(deployed):
    assert deployed.allowed("collect_usage_metrics")["aps:QueryMetrics"] == [
        "arn:aws:aps:us-east-1:111122223333:workspace/ws-0a1b2c3d"
    ]


def test_who_asks_through_a_clusters_api_is_admitted_to_it(deployed):
    [function] = deployed.functions()["collect_usage_metrics"].values()
    entered = [
        entry["ClusterName"]
        for entry in deployed.all("AWS::EKS::AccessEntry").values()
        if entry["PrincipalArn"] == {"Fn::GetAtt": [function["Role"]["Fn::GetAtt"][0], "Arn"]}
    ]

    assert entered == ["prod"]
