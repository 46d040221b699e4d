def subscriptions(deployed):
    return {
        subscription["Endpoint"]: subscription.get("FilterPolicy")
        for subscription in deployed.all("AWS::SNS::Subscription").values()
    }


def test_owners_hear_of_their_own_budgets_only(deployed):
    filters = subscriptions(deployed)

    assert filters["platform@example.com"] == {"owner": ["platform"]}
    assert filters["https://hooks.example.com/search"] == {"owner": ["search"]}


def test_one_who_owns_twice_has_one_subscription(deployed):
    assert subscriptions(deployed)["lead@example.com"] == {"owner": ["search", "ranking"]}


def test_catch_all_hears_everything_even_when_it_owns_something(deployed):
    assert subscriptions(deployed)["finops@example.com"] is None


def test_no_endpoint_is_subscribed_twice(deployed):
    found = deployed.all("AWS::SNS::Subscription").values()

    assert len(subscriptions(deployed)) == len(found) == 5


def test_slack_shows_its_own_topic_and_may_do_nothing(deployed):
    [channel] = deployed.all("AWS::Chatbot::SlackChannelConfiguration").values()

    assert channel["SnsTopicArns"] == [{"Ref": deployed.id_of("AWS::SNS::Topic", "Slack")}]
    assert "AWSDenyAll" in str(channel["GuardrailPolicies"])


def test_without_a_channel_there_is_a_topic_and_nobody_in_it(smallest):
    assert smallest.id_of("AWS::SNS::Topic", "Slack")
    assert not smallest.all("AWS::Chatbot::SlackChannelConfiguration")


def test_alarms_may_publish_although_the_topic_has_its_own_policy(deployed):
    alerts = {"Ref": deployed.id_of("AWS::SNS::Topic", "Alerts")}
    statements = [
        statement
        for policy in deployed.all("AWS::SNS::TopicPolicy").values()
        if alerts in policy["Topics"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    [allowed] = [each for each in statements if each["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Condition"]["StringEquals"] == {"aws:SourceAccount": "111122223333"}
