"""Each producer has a queue of its own: what stands in it is theirs, whatever it says."""


def queue(deployed, name):
    id_ = deployed.id_of("AWS::SQS::Queue", name)
    return id_, deployed.all("AWS::SQS::Queue")[id_]


def test_each_queue_feeds_the_intake_in_full_batches_and_takes_back_what_failed(deployed):
    [ingest] = deployed.functions()["ingest_usage"]
    fed = {
        mapping["EventSourceArn"]["Fn::GetAtt"][0]: mapping
        for mapping in deployed.all("AWS::Lambda::EventSourceMapping").values()
        if mapping["FunctionName"] == {"Ref": ingest}
    }

    assert fed.keys() == {queue(deployed, name)[0] for name in ("LlmGateway", "SearchBatch")}
    for mapping in fed.values():
        assert mapping["BatchSize"] == 10_000
        assert mapping["MaximumBatchingWindowInSeconds"] == 60
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_message_is_hidden_for_six_times_as_long_as_the_function_may_take(deployed):
    [ingest] = deployed.functions()["ingest_usage"].values()
    _, own = queue(deployed, "LlmGateway")

    assert own["VisibilityTimeout"] == 6 * ingest["Timeout"]
    failed = deployed.id_of("AWS::SQS::Queue", "FailedEvents")
    assert own["RedrivePolicy"]["deadLetterTargetArn"] == {"Fn::GetAtt": [failed, "Arn"]}


def test_only_the_producers_role_may_send_to_its_queue(deployed):
    id_, _ = queue(deployed, "LlmGateway")
    allowed = [
        statement
        for policy in deployed.all("AWS::SQS::QueuePolicy").values()
        if policy["Queues"] == [{"Ref": id_}]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]

    assert [statement["Principal"] for statement in allowed] == [
        {"AWS": "arn:aws:iam::111122223333:role/llm-gateway"}
    ]


def test_events_of_a_producers_source_go_to_its_queue(deployed):
    id_, _ = queue(deployed, "SearchBatch")
    [rule] = [
        rule
        for rule in deployed.all("AWS::Events::Rule").values()
        if rule["EventPattern"]["source"] == ["search.batch"]
    ]

    assert [target["Arn"] for target in rule["Targets"]] == [{"Fn::GetAtt": [id_, "Arn"]}]


def test_the_function_knows_each_producer_by_its_queue(deployed):
    [ingest] = deployed.functions()["ingest_usage"].values()
    parts = ingest["Environment"]["Variables"]["BURSAR_PRODUCER_QUEUES"]["Fn::Join"][1]
    arn = {name: {"Fn::GetAtt": [queue(deployed, name)[0], "Arn"]} for name in ("LlmGateway",)}

    assert parts[:2] == ["llm-gateway=", arn["LlmGateway"]]


SHELL = (
    "/",
    "/exceptions",
    "/exceptions/new",
    "/exceptions/{id}",
    "/approvals",
    "/audit",
    "/signed-in",
)


def test_machines_sign_people_sign_in_and_only_what_tells_nothing_is_open(deployed):
    routes = {
        route["RouteKey"]: route.get("AuthorizationType", "NONE")
        for route in deployed.all("AWS::ApiGatewayV2::Route").values()
    }

    machines = {
        "POST /v1/usage",
        "POST /v1/reservations",
        "POST /v1/reservations/{id}/settle",
        "POST /v1/reservations/{id}/release",
        "POST /v1/leases",
        "GET /v1/reservations/budgets",
        "POST /v1/gate/jobs",
    }
    assert {route for route, kind in routes.items() if kind == "AWS_IAM"} == machines
    assert {route for route, kind in routes.items() if kind == "NONE"} == {
        "GET /openapi.json",
        "GET /sign-in.json",
        "GET /assets/{version}/{file}",
        *(f"GET {page}" for page in SHELL),  # an empty page: what it shows it asks as a person
        "POST /v1/slack/actions",  # Slack signs what it tells
    }
    assert {route for route, kind in routes.items() if kind == "JWT"} == {
        "GET /v1/exceptions",
        "POST /v1/exceptions",
        "GET /v1/exceptions/{id}",
        "PATCH /v1/exceptions/{id}",
        "POST /v1/exceptions/{id}/decisions",
        "GET /v1/budgets",
        "GET /v1/policies",
        "GET /v1/audit",
    }


def test_the_access_log_holds_nothing_that_was_sent(deployed):
    [stage] = deployed.all("AWS::ApiGatewayV2::Stage").values()

    assert "authorizer" not in stage["AccessLogSettings"]["Format"]
    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] == 200


def test_without_producers_and_people_there_is_no_queue_and_no_api(smallest):
    assert len(smallest.all("AWS::SQS::Queue")) == 2
    assert not smallest.all("AWS::ApiGatewayV2::Api")
