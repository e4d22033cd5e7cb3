"""A webhook receiver behind an API gateway that hands requests over as proxy events.

It keeps each event, as it is, as one object in a bucket, and answers only once it is stored. It
checks nothing and holds no key: `creativeai reconcile --replay FOLDER` knows these events and
checks every signature later. Set the variable BUCKET; boto3 comes with the platform.
"""

import json
import os
import uuid

LARGEST_EVENT = 2 * 1024 * 1024


def handler(event, context, store=None):
    text = json.dumps(event) + "\n"
    if len(text) > LARGEST_EVENT:
        return {"statusCode": 413, "body": "too large"}
    (store or bucket())(f"captures/{uuid.uuid4()}.json", text)
    return {"statusCode": 200, "body": "kept"}


def bucket():
    import boto3

    client = boto3.client("s3")

    def put(name, text):
        client.put_object(Bucket=os.environ["BUCKET"], Key=name, Body=text.encode())

    return put
