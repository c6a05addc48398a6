"""`make local`: the Console and the stack, kept up until Ctrl-C, and what to type to play with them."""

from __future__ import annotations

import json
import signal

from local.aws import Laptop
from local.aws.clients import REGION, ROOT_KEY
from local.aws.console import READ_KEY
from local.aws.sam import STACK
from local.demo.screen import Screen


def keep_up(laptop: Laptop, screen: Screen) -> None:
    """Print the addresses and commands to try, and wait for Ctrl-C."""
    console, stack = laptop.console.url, laptop.stack
    event = json.dumps({"console": laptop.console.id})
    screen.title("It is up. Ctrl-C ends all of it.")
    screen.lines(f"""\
The Console        {console}
The AWS            {laptop.aws.endpoint}
Archive bucket     {stack.bucket}
Ledger table       {stack.outputs["LedgerTable"]}

In another terminal:

  export AWS_ENDPOINT_URL={laptop.aws.endpoint} AWS_DEFAULT_REGION={REGION}
  export AWS_ACCESS_KEY_ID={ROOT_KEY} AWS_SECRET_ACCESS_KEY={ROOT_KEY} SAM_CLI_TELEMETRY=0
  export CANARY_AUDIT_STACK={STACK}

  # a run now, what it archived, and whether that is whole; `canary-audit --help` for the rest
  .venv/bin/canary-audit run {laptop.console.id}
  .venv/bin/canary-audit entries {laptop.console.id} --action user_login
  .venv/bin/canary-audit verify {laptop.console.id} --depth content

  # what `init` finds: the keys and the stack are there, so it makes a run, and shows the plan
  .venv/bin/canary-audit init {console}

  # a run, as the schedule makes it; see events/ for the other ways
  .venv/bin/sam remote invoke ArchiveFunction --stack-name {STACK} --event '{event}'

  # the trail, and new entries in it
  curl -H 'X-Canary-Auth-Token: {READ_KEY}' '{console}/api/v1/audit_trail/fetch?limit=3'
  curl -H 'Content-Type: application/json' -d '{{"count": 5}}' {console}/_local/arrive

  # the archive, with the AWS CLI
  aws s3api list-object-versions --bucket {stack.bucket} --prefix statements/
""")
    signal.pause()
