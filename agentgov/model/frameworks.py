"""The shortest time that rules ask records to be kept for, each with the clause that says so.

Only what a clause says in so many words is here. Which of them binds whom, and whether a record of an agent is one of
the records that the clause means, is for a lawyer: a class of governance/retention.yaml names the frameworks that it is
meant to keep, and is held to them. Each was looked up on LOOKED_UP; what could not be confirmed then is said.
"""

from collections.abc import Mapping
from dataclasses import dataclass

YEAR, DAY = 365 * 86_400, 86_400
LOOKED_UP = "2026-11-30"


@dataclass(frozen=True, slots=True)
class Framework:
    """One minimum: `period` as it is written in a class, `seconds` the same."""

    name: str
    period: str
    seconds: int
    source: str
    says: str
    url: str
    confirmed: str  # by what, when it was looked up last; and what was not


_ALL = (
    Framework(
        "hipaa",
        "2192d",
        2192 * DAY,
        "45 CFR 164.316(b)(2)(i)",
        "documentation of policies, procedures, actions and activities: six years from its creation, or from when it "
        "was last in effect",
        "https://www.ecfr.gov/current/title-45/section-164.316",
        "a copy of the text, compared with the eCFR on 20 June 2026",
    ),
    Framework(
        "sec17a4-6y",
        "2192d",
        2192 * DAY,
        "17 CFR 240.17a-4(a)",
        "records of a broker-dealer under 17a-3(a)(1), (2), (3), (5), (21), (22), and analogous ones under 17a-3(f): "
        "six years, the first two in an easily accessible place",
        "https://www.ecfr.gov/current/title-17/section-240.17a-4",
        "a copy of the text; 17a-3(f), which it names as well, is about analogous records",
    ),
    Framework(
        "sec17a4-3y",
        "1096d",
        1096 * DAY,
        "17 CFR 240.17a-4(b)",
        "other records of a broker-dealer, communications among them: three years, the first two in an easily "
        "accessible place",
        "https://www.ecfr.gov/current/title-17/section-240.17a-4",
        "guides that agree; the list of paragraph (b) was not compared",
    ),
    Framework(
        "finra-4511",
        "2192d",
        2192 * DAY,
        "FINRA Rule 4511(b)",
        "books and records for which no other period is said: six years",
        "https://www.finra.org/rules-guidance/rulebooks/finra-rules/4511",
        "guides that quote it; of an account the six years begin when it is closed",
    ),
    Framework(
        "ai-act-provider",
        "184d",
        184 * DAY,
        "Regulation (EU) 2024/1689, Article 19(1)",
        "logs that a high-risk AI system makes, under the provider's control: at least six months",
        "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
        "a copy of OJ L, 2024/1689; other law may say otherwise, and applies from dates that were moved in 2026",
    ),
    Framework(
        "ai-act-deployer",
        "184d",
        184 * DAY,
        "Regulation (EU) 2024/1689, Article 26(6)",
        "logs that a high-risk AI system makes, under the deployer's control: at least six months",
        "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
        "guides to the text that agree; applies from dates that were moved in 2026",
    ),
    Framework(
        "ai-act-provider-documents",
        "3653d",
        3653 * DAY,
        "Regulation (EU) 2024/1689, Article 18(1)",
        "technical documentation and the like of a high-risk AI system: ten years after it was placed on the market",
        "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
        "not confirmed: the text of Article 18 was not found",
    ),
    Framework(
        "sox-audit",
        "2558d",
        2558 * DAY,
        "17 CFR 210.2-06(a)",
        "records relevant to an audit or a review of financial statements, kept by the accountant: seven years after "
        "it is concluded",
        "https://www.ecfr.gov/current/title-17/section-210.2-06",
        "a copy of the eCFR of 5 April 2026; it binds the accountant who audits, not who is audited",
    ),
)
FRAMEWORKS: Mapping[str, Framework] = {one.name: one for one in _ALL}
