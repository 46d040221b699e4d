def test_the_table_has_one_sparse_index_and_expires_what_says_so(deployed, table_definition):
    [table] = deployed.all("AWS::DynamoDB::GlobalTable").values()

    assert [key["AttributeName"] for key in table_definition["KeySchema"]] == ["pk", "sk"]
    [index] = table_definition["GlobalSecondaryIndexes"]
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["gsi1pk", "gsi1sk"]
    assert index["IndexName"] == "gsi1"
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}


def test_the_table_of_other_tests_has_the_shape_of_the_stacks(table):
    table.put_item(Item={"pk": "a", "sk": "1", "gsi1pk": "due", "gsi1sk": "2026-11-20"})
    table.put_item(Item={"pk": "b", "sk": "1"})

    assert table.scan(IndexName="gsi1")["Count"] == 1


def test_everything_kept_or_sent_is_encrypted_with_the_one_key(deployed):
    [key] = deployed.all("AWS::KMS::Key")
    arn = {"Fn::GetAtt": [key, "Arn"]}
    [table] = deployed.all("AWS::DynamoDB::GlobalTable").values()
    rules = [
        rule
        for bucket in deployed.all("AWS::S3::Bucket").values()
        for rule in bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    ]
    queues = [
        queue for queue in deployed.all("AWS::SQS::Queue").values() if "RedrivePolicy" not in queue
    ]
    topics = deployed.all("AWS::SNS::Topic").values()

    assert deployed.resources[key]["Properties"]["EnableKeyRotation"] is True
    assert table["Replicas"][0]["SSESpecification"] == {"KMSMasterKeyId": arn}
    keys = [rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] for rule in rules]
    assert keys == [arn] * 3
    assert [each["KmsMasterKeyId"] for each in (*queues, *topics)] == [arn] * 4


def test_data_outlives_the_stack_unless_it_is_disposable(deployed, smallest):
    for type_ in ("AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::KMS::Key"):
        for kept in deployed.all(type_):
            assert deployed.resources[kept]["DeletionPolicy"] == "Retain"
        for dropped in smallest.all(type_):
            assert smallest.resources[dropped]["DeletionPolicy"] == "Delete"


def test_no_bucket_is_ever_public(deployed):
    for bucket in deployed.all("AWS::S3::Bucket").values():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}


def test_raw_snapshots_go_after_two_weeks(deployed):
    bucket = deployed.all("AWS::S3::Bucket")[deployed.id_of("AWS::S3::Bucket", "Snapshots")]
    expiry = {
        rule.get("Prefix"): rule.get("ExpirationInDays")
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    }

    assert expiry["snapshots/"] == 14


def test_raw_usage_is_kept_in_every_version_and_nobody_may_delete_it(deployed):
    bucket = deployed.all("AWS::S3::Bucket")[deployed.id_of("AWS::S3::Bucket", "Usage")]

    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert not any("ExpirationInDays" in r for r in bucket["LifecycleConfiguration"]["Rules"])
    for name in deployed.functions():
        assert not [action for action in deployed.allowed(name) if action.startswith("s3:Delete")]
