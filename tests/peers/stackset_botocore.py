"""Does botocore take these inputs for the commands that they are named after?

    python stackset_botocore.py FOLDER
"""
import json
import pathlib
import sys

import botocore.session
from botocore.validate import ParamValidator

model = botocore.session.get_session().get_service_model("cloudformation")
for command, operation in {
    "create-stack-set": "CreateStackSet",
    "create-stack-instances": "CreateStackInstances",
    "update-stack-set": "UpdateStackSet",
}.items():
    given = json.loads(pathlib.Path(sys.argv[1], command + ".json").read_text())
    report = ParamValidator().validate(given, model.operation_model(operation).input_shape)
    if report.has_errors():
        sys.exit(f"{command}: {report.generate_report()}")
