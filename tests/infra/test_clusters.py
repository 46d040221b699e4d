from pathlib import Path

import yaml

EXAMPLE = Path(__file__).with_name("example.yaml")


def test_one_function_for_all_public_clusters_and_one_for_each_private_network(deployed):
    networks = [
        function.get("VpcConfig") for function in deployed.functions()["snapshot_cluster"].values()
    ]

    assert networks.count(None) == 1
    assert len(networks) == 2


def test_a_private_function_stands_in_every_subnet_its_clusters_name(deployed):
    [network] = [
        function["VpcConfig"]
        for function in deployed.functions()["snapshot_cluster"].values()
        if "VpcConfig" in function
    ]

    assert network == {
        "SubnetIds": ["subnet-0a1b2c3d", "subnet-1a1b2c3d", "subnet-2a1b2c3d"],
        "SecurityGroupIds": ["sg-0a1b2c3d"],
    }


def test_a_private_function_reaches_storage_through_free_endpoints(deployed):
    endpoints = deployed.all("AWS::EC2::VPCEndpoint").values()

    assert {endpoint["VpcEndpointType"] for endpoint in endpoints} == {"Gateway"}
    assert {endpoint["ServiceName"] for endpoint in endpoints} == {
        "com.amazonaws.eu-west-1.s3",
        "com.amazonaws.eu-west-1.dynamodb",
    }


def test_no_network_is_built_and_no_gateway_is_paid_for(deployed):
    for type_ in ("AWS::EC2::NatGateway", "AWS::EC2::VPC", "AWS::EC2::Subnet", "AWS::EC2::EIP"):
        assert not deployed.all(type_)


def test_nothing_else_stands_in_a_network(deployed, smallest):
    assert not smallest.all("AWS::EC2::VPCEndpoint")
    for name, functions in deployed.functions().items():
        if name != "snapshot_cluster":
            assert not [each for each in functions.values() if "VpcConfig" in each]


def test_clusters_at_home_let_their_reader_in_as_a_reader(deployed):
    entries = {
        entry["ClusterName"]: entry
        for id_, entry in deployed.all("AWS::EKS::AccessEntry").items()
        if id_.startswith("Snapshots")
    }
    role_of = {
        "VpcConfig" in function: function["Role"]
        for function in deployed.functions()["snapshot_cluster"].values()
    }

    assert set(entries) == {"prod", "batch", "research"}
    assert entries["prod"]["PrincipalArn"] == role_of[False]
    assert entries["batch"]["PrincipalArn"] == role_of[True]
    for entry in entries.values():
        assert entry["KubernetesGroups"] == ["bursar-readers"]
        assert "AccessPolicies" not in entry


def test_a_private_network_elsewhere_is_refused(synthesize, tmp_path):
    config = yaml.safe_load(EXAMPLE.read_text())
    config["clusters"][1]["region"] = "us-east-1"
    (tmp_path / "bursar.yaml").write_text(yaml.safe_dump(config))

    run = synthesize(tmp_path / "bursar.yaml", tmp_path / "out")

    assert run.returncode != 0
    assert "cluster 'batch' is private and in another account or region" in run.stderr
