#!/usr/bin/env bash
# What action.yml runs, by its input `command`. The variables in capitals are its inputs and what the runner sets.
set -euo pipefail
program="$RUNNER_TEMP/agentgov-venv/bin/agentgov"
fleet="$RUNNER_TEMP/fleet.git"

# The repository as data: nothing of it is checked out. The token stands in no file and no command line.
fetched() {
  export AGENTGOV_PINS="$PINS" GITHUB_TOKEN="$TOKEN" GIT_CONFIG_COUNT=1
  export GIT_CONFIG_KEY_0="credential.$GITHUB_SERVER_URL.helper"
  # shellcheck disable=SC2016 # git has a shell of its own read the variable
  export GIT_CONFIG_VALUE_0='!f() { printf "username=x-access-token\npassword=%s\n" "$GITHUB_TOKEN"; }; f'
  [ -d "$fleet" ] ||
    git clone --quiet --bare --no-recurse-submodules "$GITHUB_SERVER_URL/$GITHUB_REPOSITORY" "$fleet"
}

with_key() {
  if [ -z "$KEY_FILE" ]; then
    echo "::error::$COMMAND takes the input key-file" && exit 2
  fi
  export AGENTGOV_KEY_FILE="$KEY_FILE"
}

# Everything but a queued group gets a comment; the check agentgov/reviews says the verdict, so a verdict that is no pass
# is no failure of this step. Exit 3 is: there is none.
check() {
  local asked=(--event "$GITHUB_EVENT_PATH") comment=(--comment) code=0
  [ -z "$NUMBER" ] || asked=(--pr "$NUMBER")
  [ "$GITHUB_EVENT_NAME" != merge_group ] || comment=()
  fetched
  "$program" check "${asked[@]}" "${comment[@]}" --status --repo "$fleet" || code=$?
  case "$code" in
    0) echo "verdict=pass" >> "$GITHUB_OUTPUT" ;;
    1) echo "verdict=waits" >> "$GITHUB_OUTPUT" ;;
    *) echo "verdict=unknown" >> "$GITHUB_OUTPUT" && exit "$code" ;;
  esac
}

case "$COMMAND" in
  validate)
    echo "reports=$RUNNER_TEMP" >> "$GITHUB_OUTPUT"
    "$program" validate --format github \
      --report "sarif=$RUNNER_TEMP/agentgov.sarif" --report "junit=$RUNNER_TEMP/agentgov.xml"
    ;;
  check) check ;;
  import)
    with_key
    fetched
    "$program" forge import-reviews --since "$SINCE" --repo "$fleet"
    ;;
  reconcile)
    with_key
    fetched
    "$program" reconcile --once --repo "$fleet"
    "$program" release --from-merge --format markdown --repo "$fleet" >> "$GITHUB_STEP_SUMMARY"
    ;;
  *) echo "::error::the input command is validate, check, import or reconcile, not ${COMMAND@Q}" && exit 2 ;;
esac
