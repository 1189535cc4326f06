"""The workflows that a fleet on GitHub runs: text only.

What runs code or reads files of a pull request has no right to write and no secret. What may write checks out nothing:
it takes the repository as data, a bare clone, and runs the agentgov that main names. What GitHub says of an event goes
into scripts as variables, never as text, and every action is named by the digest of its commit.
"""

from agentgov.scaffold.ci_steps import Tool, filled


def workflows(tool: Tool) -> dict[str, str]:
    """Path to text of all of them."""
    texts = {
        "agentgov": _VALIDATE,
        "agentgov-review": _REVIEW,
        "agentgov-queue": _QUEUE,
        "agentgov-reviewed": _REVIEWED,
        "agentgov-relay": _RELAY,
        "agentgov-main": _MAIN,
    }
    return {f".github/workflows/{name}.yml": filled(text, tool) for name, text in texts.items()}


_VALIDATE = """\
# Is everything in order? Reads what the pull request holds, so it has no right to write and no secret.
name: agentgov
on:
  pull_request:
  merge_group:

permissions: {}

concurrency:
  group: agentgov-${{ github.ref }}
  cancel-in-progress: true

jobs:
  validate:
    name: agentgov validate
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      contents: read # to check out
    steps:
      @install@
      - uses: @checkout@
        with:
          fetch-depth: 0 # all history, or nobody can tell what changed
          persist-credentials: false
      @validate@
      - name: Keep the reports
        if: ${{ !cancelled() }}
        uses: @upload@
        with:
          name: agentgov
          path: ${{ runner.temp }}/agentgov.*
          if-no-files-found: ignore
"""

_REVIEW = """\
# Who has to review, and who did: publishes the check agentgov/reviews and one comment, for forks too.
# Require the check agentgov/reviews in the branch's rules, never this job: it is green once the verdict is told.
name: agentgov review
on:
  # It may write, so it checks out nothing and runs nothing of the pull request, which is fetched as data.
  pull_request_target: # zizmor: ignore[dangerous-triggers]
    types: [opened, synchronize, reopened, ready_for_review, converted_to_draft, edited]

permissions: {}

concurrency:
  group: agentgov-review-${{ github.event.pull_request.number }}
  cancel-in-progress: true

jobs:
  review:
    name: publish agentgov/reviews
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      checks: write # the check agentgov/reviews
      contents: read # to clone
      pull-requests: write # the comment
    steps:
      @install@
      @judge@
"""

_QUEUE = """\
# The merge queue: the check agentgov/reviews for a group of pull requests. GitHub takes this file from the group, so it
# has no secret and writes nothing but the check.
name: agentgov queue
on:
  merge_group:
    types: [checks_requested]

permissions: {}

concurrency:
  group: agentgov-queue-${{ github.ref }}
  cancel-in-progress: true

jobs:
  queue:
    name: publish agentgov/reviews for the queue
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      checks: write # the check agentgov/reviews
      contents: read # to clone
      pull-requests: read # the reviews
    steps:
      @install@
      @judge-group@
"""

_REVIEWED = """\
# Somebody reviewed. For a fork this runs without any right, so it only notes the number of the pull request, for
# agentgov-relay.yml to look at.
name: agentgov reviewed
on:
  pull_request_review:
    types: [submitted, edited, dismissed]

permissions: {}

jobs:
  note:
    name: note the number
    runs-on: ubuntu-latest
    timeout-minutes: 5
    steps:
      - env:
          NUMBER: ${{ github.event.pull_request.number }}
        run: printf '%s\\n' "$NUMBER" > "$RUNNER_TEMP/number"
      - uses: @upload@
        with:
          name: agentgov-pull-request
          path: ${{ runner.temp }}/number
          retention-days: 1
"""

_RELAY = """\
# After a review: judges again. The note comes from a run that a pull request may have changed, so of it only a number
# is believed, and a wrong one has another pull request judged anew.
name: agentgov relay
on:
  # It may write, so it checks out nothing, and runs nothing that the other workflow left.
  workflow_run: # zizmor: ignore[dangerous-triggers]
    workflows: [agentgov reviewed]
    types: [completed]

permissions: {}

jobs:
  relay:
    name: publish agentgov/reviews
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      actions: read # the note of the other run
      checks: write # the check agentgov/reviews
      contents: read # to clone
      pull-requests: write # the comment
    steps:
      - uses: @download@
        with:
          name: agentgov-pull-request
          path: ${{ runner.temp }}/relay
          run-id: ${{ github.event.workflow_run.id }}
          github-token: ${{ github.token }}
      - name: Only a number is believed
        id: note
        run: |
          note="$RUNNER_TEMP/relay/number"
          if [ -L "$note" ] || [ ! -f "$note" ] || [ "$(wc -c < "$note")" -gt 20 ]; then
            echo "::error::the note is no small file"
            exit 1
          fi
          number="$(tr -d '\\0' < "$note")"
          if [[ ! "$number" =~ ^[1-9][0-9]{0,9}$ ]]; then
            echo "::error::the note holds no number"
            exit 1
          fi
          echo "number=$number" >> "$GITHUB_OUTPUT"
      @install@
      @judge-number@
"""

_MAIN = """\
# main: is it in order; bring in the reviews that were given on GitHub; carry releases on. The two jobs with keys run in
# the environment agentgov, which must be open to main alone (Settings, Environments, deployment branches).
name: agentgov main
on:
  push:
    branches: [main]
  schedule:
    - cron: "7,22,37,52 * * * *"
  workflow_dispatch:
    inputs:
      since:
        description: Reviews of pull requests that changed since then, such as 2h or 30d
        default: 2h

permissions: {}

concurrency:
  group: agentgov-main
  cancel-in-progress: false # never in the middle of an append

jobs:
  validate:
    name: agentgov validate
    runs-on: ubuntu-latest
    timeout-minutes: 10
    permissions:
      contents: read # to check out
    steps:
      @install@
      - uses: @checkout@
        with:
          fetch-depth: 0
          persist-credentials: false
      @validate@

  import:
    name: agentgov forge import-reviews
    runs-on: ubuntu-latest
    timeout-minutes: 20
    environment: agentgov
    permissions:
      contents: write # to push the journal
      pull-requests: read # the reviews
    steps:
      @importer-key@
      @install@
      @import@

  reconcile:
    name: agentgov reconcile
    needs: import
    if: ${{ !cancelled() }} # a review that cannot be imported holds up nothing else
    runs-on: ubuntu-latest
    timeout-minutes: 20
    environment: agentgov
    permissions:
      contents: write # to push the journal
    steps:
      @reconciler-key@
      @install@
      @reconcile@
"""
