"""A stack of one of each, in the shape that synthesis leaves it: a template, assets, code."""

import json

HANDLERS = '''
import json, os, time

def _table():
    import boto3
    return boto3.resource("dynamodb").Table(os.environ["TABLE"])

def record(event, context):
    """Keep what arrived."""
    who = context.function_name
    _table().put_item(Item={"pk": f"SEEN#{who}", "sk": context.aws_request_id,
                            "event": json.dumps(event)})
    return {"seen_by": who}

def echo(event, context):
    return {"event": event, "pid": os.getpid()}

def fail(event, context):
    raise ValueError(f"cannot take {event['id']}")

def sleep(event, context):
    time.sleep(60)

def linger(event, context):
    print("lingering")
    time.sleep(60)

def leave(event, context):
    os._exit(7)

def take_messages(event, context):
    """Keep the good ones, and answer which are bad."""
    for message in event["Records"]:
        if message["body"] != "bad":
            _table().put_item(Item={"pk": f"SEEN#{context.function_name}",
                                    "sk": message["messageId"], "event": json.dumps(message)})
    bad = [each["messageId"] for each in event["Records"] if each["body"] == "bad"]
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in bad]}

def answer(event, context):
    return {"statusCode": 201, "headers": {"X-Seen": "yes"}, "body": json.dumps(event)}

def wait_for_event(event, context):
    print(f"arrived {event['id']}")
    return {"left_ms": context.get_remaining_time_in_millis()}
'''

QUEUE_ARN = {"Fn::GetAtt": ["Failed", "Arn"]}


def function(handler, timeout=10):
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Handler": f"index.{handler}",
            "Runtime": "python3.13",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Timeout": timeout,
            "MemorySize": 256,
            "Code": {
                "S3Bucket": "cdk-hnb659fds-assets-123456789012-us-east-1",
                "S3Key": "code.zip",
            },
            "Environment": {"Variables": {"TABLE": {"Ref": "Table"}}},
        },
    }


def invoke_config(name, retries, on_success=None):
    destinations = {"OnFailure": {"Destination": QUEUE_ARN}}
    if on_success:
        destinations["OnSuccess"] = {"Destination": {"Fn::GetAtt": [on_success, "Arn"]}}
    return {
        "Type": "AWS::Lambda::EventInvokeConfig",
        "Properties": {
            "FunctionName": {"Ref": name},
            "Qualifier": "$LATEST",
            "MaximumRetryAttempts": retries,
            "DestinationConfig": destinations,
        },
    }


def schedule(expression, target, **inputs):
    return {
        "Type": "AWS::Scheduler::Schedule",
        "Properties": {
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "GroupName": {"Ref": "Group"},
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": "Etc/UTC",
            "Target": {
                "Arn": {"Fn::GetAtt": [target, "Arn"]},
                "RoleArn": {"Fn::GetAtt": ["Role", "Arn"]},
                "Input": json.dumps({"scheduled_at": "<aws.scheduler.scheduled-time>", **inputs}),
            },
        },
    }


def subscription(recipient):
    return {
        "Type": "AWS::SNS::Subscription",
        "Properties": {
            "TopicArn": {"Ref": "Topic"},
            "Protocol": "email",
            "Endpoint": f"{recipient}@example.com",
            "FilterPolicy": {"recipient": [recipient]},
        },
    }


def route(key, **authorization):
    return {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "RouteKey": key,
            "Target": {"Fn::Join": ["", ["integrations/", {"Ref": "Integration"}]]},
            **authorization,
        },
    }


RESOURCES = {
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}},
    },
    "Table": {
        "Type": "AWS::DynamoDB::GlobalTable",
        "Properties": {
            "AttributeDefinitions": [
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
                {"AttributeName": "state", "AttributeType": "S"},
            ],
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by_state",
                    "KeySchema": [
                        {"AttributeName": "state", "KeyType": "HASH"},
                        {"AttributeName": "sk", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "KeySchema": [
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
            "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
            "Replicas": [{"Region": "us-east-1"}],
        },
    },
    "Failed": {"Type": "AWS::SQS::Queue", "Properties": {}},
    "Poisoned": {"Type": "AWS::SQS::Queue", "Properties": {}},
    "Work": {
        "Type": "AWS::SQS::Queue",
        "Properties": {
            "RedrivePolicy": {
                "deadLetterTargetArn": {"Fn::GetAtt": ["Poisoned", "Arn"]},
                "maxReceiveCount": 2,
            }
        },
    },
    "Worker": function("take_messages"),
    "WorkMapping": {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": "Worker"},
            "EventSourceArn": {"Fn::GetAtt": ["Work", "Arn"]},
            "BatchSize": 25,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        },
    },
    "ToWork": {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "State": "ENABLED",
            "EventPattern": {"source": ["example.work"]},
            "Targets": [{"Id": "Target0", "Arn": {"Fn::GetAtt": ["Work", "Arn"]}}],
        },
    },
    "Api": {
        "Type": "AWS::ApiGatewayV2::Api",
        "Properties": {"Name": "small", "ProtocolType": "HTTP"},
    },
    "Stage": {
        "Type": "AWS::ApiGatewayV2::Stage",
        "Properties": {"ApiId": {"Ref": "Api"}, "StageName": "$default", "AutoDeploy": True},
    },
    "Answer": function("answer"),
    "Integration": {
        "Type": "AWS::ApiGatewayV2::Integration",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "IntegrationType": "AWS_PROXY",
            "IntegrationUri": {"Fn::GetAtt": ["Answer", "Arn"]},
            "PayloadFormatVersion": "2.0",
        },
    },
    "SignIn": {
        "Type": "AWS::ApiGatewayV2::Authorizer",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "AuthorizerType": "JWT",
            "Name": "people",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {"Issuer": "https://issuer.example.com", "Audience": ["bursar"]},
        },
    },
    "OpenRoute": route("GET /v1/open/{name}"),
    "MachineRoute": route("POST /v1/usage", AuthorizationType="AWS_IAM"),
    "PersonRoute": route("GET /v1/me", AuthorizationType="JWT", AuthorizerId={"Ref": "SignIn"}),
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {}},
    "ToSearch": subscription("search"),
    "ToRanking": subscription("ranking"),
    "Record": function("record"),
    "Follower": function("record"),
    "StreamReader": function("record"),
    "Echo": function("echo"),
    "Fail": function("fail"),
    "StreamFail": function("fail"),
    "Sleep": function("sleep", timeout=1),
    "Linger": function("linger", timeout=60),
    "Leave": function("leave"),
    "Wait": function("wait_for_event"),
    "RecordConfig": invoke_config("Record", 2, on_success="Follower"),
    "FailConfig": invoke_config("Fail", 2),
    "SleepConfig": invoke_config("Sleep", 0),
    "LeaveConfig": invoke_config("Leave", 1),
    "Mapping": {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": "StreamReader"},
            "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": 2,
            "MaximumRetryAttempts": 1,
            "FilterCriteria": {
                "Filters": [
                    {
                        "Pattern": '{"eventName":["INSERT"],'
                        '"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"OUTBOX#"}]}}}}'
                    }
                ]
            },
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE_ARN}},
        },
    },
    "FailingMapping": {
        "Type": "AWS::Lambda::EventSourceMapping",
        "Properties": {
            "FunctionName": {"Ref": "StreamFail"},
            "EventSourceArn": {"Fn::GetAtt": ["Table", "StreamArn"]},
            "StartingPosition": "TRIM_HORIZON",
            "MaximumRetryAttempts": 1,
            "FilterCriteria": {
                "Filters": [{"Pattern": '{"dynamodb":{"Keys":{"pk":{"S":["POISON"]}}}}'}]
            },
            "DestinationConfig": {"OnFailure": {"Destination": QUEUE_ARN}},
        },
    },
    "Group": {"Type": "AWS::Scheduler::ScheduleGroup", "Properties": {"Name": "small"}},
    "Hourly": schedule("cron(10 * * * ? *)", "Follower", what="hourly"),
    "Quarterly": schedule("cron(0/15 * * * ? *)", "Follower", what="quarterly"),
    "Rule": {
        "Type": "AWS::Events::Rule",
        "Properties": {
            "State": "ENABLED",
            "EventPattern": {
                "source": ["aws.ec2"],
                "detail-type": ["EC2 Instance State-change Notification"],
            },
            "Targets": [{"Id": "Target0", "Arn": {"Fn::GetAtt": ["Follower", "Arn"]}}],
        },
    },
    "Access": {
        "Type": "AWS::EKS::AccessEntry",
        "Properties": {"ClusterName": "prod", "PrincipalArn": {"Fn::GetAtt": ["Role", "Arn"]}},
    },
}


def write(directory, **more_resources):
    """Write the assembly; `more_resources` go into its template."""
    code = directory / "asset.code"
    code.mkdir(parents=True)
    (code / "index.py").write_text(HANDLERS)
    template = {
        "Resources": RESOURCES | more_resources,
        "Outputs": {"TableName": {"Value": {"Ref": "Table"}}},
        "Parameters": {
            "BootstrapVersion": {
                "Type": "AWS::SSM::Parameter::Value<String>",
                "Default": "/cdk-bootstrap/hnb659fds/version",
            }
        },
    }
    (directory / "Small.template.json").write_text(json.dumps(template))
    assets = {
        "files": {
            "code": {
                "source": {"path": "asset.code", "packaging": "zip"},
                "destinations": {
                    "here": {
                        "bucketName": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}",
                        "objectKey": "code.zip",
                    }
                },
            }
        }
    }
    (directory / "Small.assets.json").write_text(json.dumps(assets))
    return directory
