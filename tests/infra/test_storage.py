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
    [bucket] = deployed.all("AWS::S3::Bucket").values()
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    queues = deployed.all("AWS::SQS::Queue").values()
    topics = deployed.all("AWS::SNS::Topic").values()

    assert deployed.resources[key]["Properties"]["EnableKeyRotation"] is True
    assert table["Replicas"][0]["SSESpecification"] == {"KMSMasterKeyId": arn}
    assert rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"] == arn
    assert [each["KmsMasterKeyId"] for each in (*queues, *topics)] == [arn] * 4


def test_data_outlives_the_stack_unless_it_is_disposable(deployed, smallest):
    for type_ in ("AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::KMS::Key"):
        [kept] = deployed.all(type_)
        [dropped] = smallest.all(type_)
        assert deployed.resources[kept]["DeletionPolicy"] == "Retain"
        assert smallest.resources[dropped]["DeletionPolicy"] == "Delete"


def test_raw_snapshots_go_after_two_weeks_and_are_never_public(deployed):
    [bucket] = deployed.all("AWS::S3::Bucket").values()
    expiry = {
        rule.get("Prefix"): rule.get("ExpirationInDays")
        for rule in bucket["LifecycleConfiguration"]["Rules"]
    }

    assert expiry["snapshots/"] == 14
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
