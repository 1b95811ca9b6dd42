"""Makes clients for the services that the function uses, and asks Lambda's Runtime API for work."""

import os
import urllib.request

import boto3

session = boto3.Session()
clients = [session.client(name) for name in ("iam", "secretsmanager", "sts")]
urllib.request.urlopen(f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime/invocation/next")
