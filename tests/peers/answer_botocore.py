"""What does botocore make of this HTTP answer of AWS's? The answer as `aws` prints it.

    python answer_botocore.py SERVICE OPERATION FILE
"""
import json
import pathlib
import sys

import botocore.parsers
import botocore.session

service, operation, file = sys.argv[1:]
model = botocore.session.get_session().get_service_model(service)
parser = botocore.parsers.create_parser(model.metadata["protocol"])
response = {"status_code": 200, "headers": {}, "body": pathlib.Path(file).read_bytes()}
answer = parser.parse(response, model.operation_model(operation).output_shape)
answer.pop("ResponseMetadata")
print(json.dumps(answer, default=str))
