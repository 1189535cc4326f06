"""What each act does to the deployment of its agent, and when it is legal there, whoever signed it.

The law of the release plane. Every verifier replays the journal through `apply_to_deployment`, the reconciler asks it
before it proposes, and commands before they sign; so it is pure, total and strict, and it is the only place where a
deployment changes. Who may sign which act is decided elsewhere (`trust`).

    staging     EMPTY -stage-> SOAKING -pass-> PASSED; FAILED with its canary; SUPERSEDED by a newer name for what runs
    canary      NONE -canary-> RAMP(0) -share-> RAMP(i) -graduate-> GRADUATED
                RAMP -stall-> INCONCLUSIVE -clear-> NONE
                both -fail-> FAILED; -abort, rollback-> ABORTED; -withdraw-> WITHDRAWN
    production  EMPTY -graduate-> BAKING -settle-> STABLE; -rollback-> ROLLED_BACK; -retire-> RETIRED -graduate-> ...

- One candidate at a time: while a canary runs, newer releases wait, and staging keeps the release that is in canary.
- A newer tag on content that a stage holds is a new name for it: no second soak, no second canary, promotes start anew.
- Bad marks stick to content (closures), withdrawals and promotes to tag objects.
- What raises risk in production (canary, share, graduate, a new name) is refused under a pause or a hold; staging goes
  on, or a fix could never arrive.
- `Leaves` names what stands: in staging for stage, in canary for canary, in production for graduate, rollback, retire.
- Evidence that the content or the pipeline asks for comes before the stage; a newer name for a content keeps it.
- A retired agent holds nothing. Its hold lifted, only what is newer than it ran last enters, and goes all the way.
- Soaks are checked against journal time as a lower bound; what was really observed only the reconciler knows.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from agentgov.model import transitions_back as back
from agentgov.model import transitions_forward as forward
from agentgov.model.act import Act
from agentgov.model.state import Deployment
from agentgov.model.transition_case import (
    Case,
    Refusal,
    Setting,
    candidate,
    case_of,
    is_newer,
    is_ramping,
    is_retired,
    judge_of,
    last_running,
    release_trailer,
)
from agentgov.model.transitions_back import rollback_target

__all__ = [
    "KINDS",
    "Refusal",
    "Setting",
    "apply_to_deployment",
    "candidate",
    "is_newer",
    "is_ramping",
    "is_retired",
    "judge_of",
    "last_running",
    "release_trailer",
    "rollback_target",
]

_RULES: Mapping[str, Callable[[Case], Deployment | Refusal]] = MappingProxyType(
    {
        "stage": forward.stage,
        "pass": forward.passed,
        "canary": forward.canary,
        "share": forward.share,
        "graduate": forward.graduate,
        "settle": forward.settle,
        "fail": back.fail,
        "stall": back.stall,
        "abort": back.abort,
        "withdraw": back.withdraw,
        "rollback": back.rollback,
        "promote": back.promote,
        "clear": back.clear,
        "alarm": back.alarm,
    }
)
# Acts that name no release.
_WHOLE: Mapping[str, Callable[[Act, Deployment, Setting], Deployment | Refusal]] = MappingProxyType(
    {"hold": back.hold, "retire": back.retire}
)
KINDS = frozenset({*_RULES, *_WHOLE})  # the kinds of acts that change a deployment
_PERSONAL = frozenset({"promote", "withdraw", "clear", *_WHOLE})  # a bot never speaks these words


def apply_to_deployment(act: Act, deployment: Deployment, setting: Setting) -> Deployment | Refusal:
    """The deployment after an act, the same one where the act changes nothing, or why the act is not legal here.

    Raises ValueError for a kind outside `KINDS` and for nothing else.
    """
    if act.kind not in KINDS:
        raise ValueError(f"an act {act.kind} does not change a deployment")
    if act.get("Agent") != deployment.agent:
        return Refusal("transition.agent", f"the act is not about {deployment.agent}")
    if act.kind in _PERSONAL and not act.is_personal:
        return Refusal("transition.actor", f"only a person can {act.kind}")
    if act.kind in _WHOLE:
        return _WHOLE[act.kind](act, deployment, setting)
    case = case_of(act, deployment, setting)
    return case if isinstance(case, Refusal) else _RULES[act.kind](case)
