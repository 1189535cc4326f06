"""The pipeline that a fleet on GitLab runs, and the CI component with the same jobs: text only.

What may write gets the repository as data, a bare clone, and runs nothing of the merge request. The keys of the bots
and the token that pushes are protected variables, which only pipelines of protected branches see.
"""

PIPELINE = ".gitlab-ci.yml"
COMPONENT = "templates/agentgov.yml"

_SPEC = """\
# A component for GitLab CI: include it by the digest of a commit (docs/gitlab-ci.md).
spec:
  inputs:
    stage:
      default: test
      description: The stage of the jobs.
    image:
      default: python:3.12
      description: An image with Python 3.11 or later, git and OpenSSH.
    package:
      default: agentgov==@version@
      description: What pip installs; a URL of a commit pins the source.
    since:
      default: 2h
      description: Reviews of merge requests that changed since then are imported.
---
"""

_HEAD = """\
# A change here is one of governance: it takes the administrators. docs/gitlab-ci.md tells what each variable may do.
"""

_JOBS = """\
.agentgov:
  stage: @stage@
  image: @image@
  interruptible: true
  before_script:
    - python -P -m pip install --quiet "@package@"

# The repository as data: nothing of it is checked out. The token of the job reads, AGENTGOV_PUSH_TOKEN also pushes.
.agentgov-data:
  extends: .agentgov
  variables:
    GIT_STRATEGY: none
  before_script:
    - python -P -m pip install --quiet "@package@"
    - export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0="credential.$CI_SERVER_URL.helper"
    - export GIT_CONFIG_VALUE_0='!f() { printf "username=gitlab-ci-token\\npassword=%s\\n" "$AGENTGOV_GIT_TOKEN"; }; f'
    - export AGENTGOV_GIT_TOKEN="${AGENTGOV_PUSH_TOKEN:-$CI_JOB_TOKEN}" FLEET="$CI_BUILDS_DIR/agentgov-$CI_JOB_ID.git"
    - git clone --quiet --bare --no-recurse-submodules "$CI_PROJECT_URL.git" "$FLEET"
  after_script:
    - rm -rf "$CI_BUILDS_DIR/agentgov-$CI_JOB_ID.git" "$CI_BUILDS_DIR/agentgov-$CI_JOB_ID.key"

agentgov-validate:
  extends: .agentgov
  variables:
    GIT_DEPTH: "0" # all history, or nobody can tell what changed
  script:
    - agentgov validate --report gitlab=gl-code-quality-report.json --report junit=agentgov.xml
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
      junit: agentgov.xml
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH

# Who has to review, and who did: a note on the merge request, and the status agentgov/reviews. Not for forks, whose
# pipelines run in the fork, without this token.
agentgov-review:
  extends: .agentgov-data
  script:
    - agentgov check --pr "$CI_MERGE_REQUEST_IID" --comment --status --repo "$FLEET"
  allow_failure:
    exit_codes: [1] # the verdict is no pass, which the status says; 3: there is none, run it again
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event" && $AGENTGOV_FORGE_TOKEN

# Bring in the reviews that were given on GitLab, then carry releases on: one after the other, never two at once.
agentgov-import:
  extends: .agentgov-data
  interruptible: false
  resource_group: agentgov
  script:
    - (umask 077; cat "$AGENTGOV_IMPORTER_KEY" > "$CI_BUILDS_DIR/agentgov-$CI_JOB_ID.key")
    - export AGENTGOV_KEY_FILE="$CI_BUILDS_DIR/agentgov-$CI_JOB_ID.key" AGENTGOV_FORGE_TOKEN="$AGENTGOV_PUSH_TOKEN"
    - agentgov forge import-reviews --since "@since@" --repo "$FLEET"
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $AGENTGOV_IMPORTER_KEY && $AGENTGOV_PUSH_TOKEN

agentgov-reconcile:
  extends: .agentgov-data
  interruptible: false
  resource_group: agentgov
  needs:
    - job: agentgov-import
      optional: true
  script:
    - (umask 077; cat "$AGENTGOV_RECONCILER_KEY" > "$CI_BUILDS_DIR/agentgov-$CI_JOB_ID.key")
    - export AGENTGOV_KEY_FILE="$CI_BUILDS_DIR/agentgov-$CI_JOB_ID.key"
    - agentgov reconcile --once --repo "$FLEET"
    - agentgov release --from-merge --repo "$FLEET" # what is due, and the command that a person runs
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH && $AGENTGOV_RECONCILER_KEY && $AGENTGOV_PUSH_TOKEN
"""


def pipeline(version: str) -> str:
    """.gitlab-ci.yml with the jobs in it, where they are part of the governance set; a file elsewhere would not be."""
    return _HEAD + _jobs("test", "python:3.12", f"agentgov=={version}", "2h")


def component(version: str) -> str:
    """templates/agentgov.yml of the project that publishes agentgov as a component."""
    inputs = (f"$[[ inputs.{name} ]]" for name in ("stage", "image", "package", "since"))
    return _SPEC.replace("@version@", version) + _jobs(*inputs)


def _jobs(stage: str, image: str, package: str, since: str) -> str:
    text = _JOBS
    for name, value in {"stage": stage, "image": image, "package": package, "since": since}.items():
        text = text.replace(f"@{name}@", value)
    return text
