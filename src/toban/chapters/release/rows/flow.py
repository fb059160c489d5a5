"""The document's flow of releases: what each step asks for, and whether a release has it. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from toban.chapters.release.source import ProofKind
from toban.design.section import normalise
from toban.engine.extension import Link
from toban.message import NOTHING, Message, sentences


class StepKind(StrEnum):
    """What a step asks for."""

    REVIEW = "review"
    MERGE = "merge"
    CHECKS = "checks"
    """Build and tests of the commit."""
    DEPLOY = "deploy"
    """The version serves in an environment."""
    VERIFY = "verify"
    """動作確認: somebody looks at the version where it serves; Toban itself, if the step says 自動."""
    APPROVAL = "approval"
    PEOPLE = "people"
    """People do it, and nothing can prove it."""


@dataclass(frozen=True, slots=True)
class FlowStep:
    """A step as the document writes it, and what it asks for."""

    number: int
    text: str
    kinds: tuple[StepKind, ...]
    """In order: 本番環境デプロイ (手動承認) is a deployment with an approval."""
    environment: str = ""
    """For `DEPLOY` and `VERIFY`: in the words of the rows of environments, where they have it."""
    is_automatic: bool | None = None
    """None if the step does not say."""
    people: int = 1
    """How many must review it."""

    @property
    def name(self) -> str:
        """The step without its remark: 動作確認."""
        return _REMARK.sub("", self.text).strip() or self.text


_REMARK = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_BESIDE = re.compile(
    r"(?:デプロイ(?:メント)?|リリース|deploy(?:ment)?|release)[ -]?"
    r"(?:後|前|時|準備|ノート|ブランチ|判定|計画|手順|note|branch|plan|tag|candidate)s?"
    r"|\b(?:post|pre)-?deploy\w*"
)
"""Words that name a release and do none: デプロイ後の監視, release notes."""
_REVIEW = re.compile(
    r"レビュー|査読|\breview(?:s|ed)?\b|(?:pr|プルリク(?:エスト)?|pull requests?)(?:の|を)? ?(?:承認|approv)"
)
_OTHER_REVIEW = re.compile(
    r"(?:設計|ドキュメント|文書|事後|振り返り|計画|design|post\S*|document\w*|…) ?の?(?:レビュー|review)"
)
_MERGE = re.compile(r"マージ|取り込み|\bmerg(?:e[ds]?|ing)\b")
_DEPLOY = re.compile(
    r"デプロイ|リリース|反映|配備|展開|切り?替え|公開"
    r"|\b(?:re)?deploy\w*|\breleas(?:e[ds]?|ing)\b|\broll(?:ed|ing)? ?out\b|\bpromot\w+|\bgo[- ]?live\b"
)
_DEPLOY_ANYWHERE = re.compile(r"デプロイ|\bdeploy\w*")
_BY_HAND = re.compile(
    r"(?:動作|疎通|稼働|通し)の?確認|動作検証|目視|手動(?:での?)?(?:テスト|試験|確認|検証)|検証(?!環境)"
    r"|受け?入れ?(?:テスト|試験|検査)|スモークテスト|ヘルスチェック"
    r"|\b(?:smoke|sanity|acceptance|uat|health ?check)\b"
    r"|\bmanual(?:ly)? (?:test|check|verif|qa)\w*|\bverif\w+|\bqa\b(?! env)"
)
_CHECKS = re.compile(
    r"\bci\b|\bci実行|ビルド|テスト(?!環境)|試験|静的解析|(?:脆弱性|セキュリティ)スキャン"
    r"|\bbuild\w*|\btest(?:s|ed|ing)?\b(?! env)|\blint\w*|\bscan\w*"
)
_APPROVAL = re.compile(r"承認|決裁|(?:リリース|出荷|移行)判定|\bapprov\w+|\bsign-?off\b|\bgo/no-?go\b")
_AUTOMATIC = re.compile(r"自動|\bauto(?:matic(?:ally)?|mated)?\b")
_MANUAL = re.compile(r"手動|手作業|人手|\bmanual(?:ly)?\b|\bby hand\b")
_REVIEWERS = re.compile(r"(\d) ?(?:名|人|people|persons|reviewers|approv\w+)")

_FAMILIES = {
    "staging": re.compile(
        r"ステージング(?:環境)?|検証環境|(?:プレ本番|準本番)(?:環境)?|\b(?:staging|stg|pre-?prod(?:uction)?)\b"
    ),
    "production": re.compile(r"(?:本番|商用)(?:環境)?|\bprod(?:uction)?\b|\blive\b"),
    "test": re.compile(r"(?:テスト|試験)環境|\b(?:test(?:ing)?|qa) env(?:ironment)?\b"),
    "development": re.compile(r"開発(?:用)?環境|^開発$|\bdev(?:elopment)?\b"),
}
"""What environments are called, in an order in which 準本番 is not taken for 本番."""


def flow_of(steps: Sequence[str], environments: Sequence[str]) -> tuple[FlowStep, ...]:
    """Return what each of *steps* asks for; *environments*: as the document's rows call them, in their order.

    A look at a version belongs to the environment that it was brought to last.
    """
    found: list[FlowStep] = []
    latest = ""
    for number, text in enumerate(steps, start=1):
        step = _step(number, text, environments, latest)
        latest = step.environment if StepKind.DEPLOY in step.kinds else latest
        found.append(step)
    return tuple(found)


def environment_in(text: str, environments: Sequence[str]) -> str:
    """Return the environment that *text* names, as one of *environments* calls it; empty if it names none."""
    words = normalise(text)
    family, match = _family(words)
    # 本番環境 stands in 準本番環境 as well, and is another.
    kin = [each for each in environments if match is None or _family(normalise(each))[0] in ("", family)]
    named = sorted((each for each in kin if normalise(each) in words), key=len)
    if named:
        return named[-1]
    if match is None:
        return ""
    return next((each for each in environments if _family(normalise(each))[0] == family), match.group())


def _family(words: str) -> tuple[str, re.Match[str] | None]:
    for name, pattern in _FAMILIES.items():
        if match := pattern.search(words):
            return name, match
    return "", None


def _step(number: int, text: str, environments: Sequence[str], latest: str) -> FlowStep:
    words = _BESIDE.sub("…", normalise(text))
    environment = environment_in(words, environments)
    kinds = tuple(_kinds(words, bool(environment), bool(_APPROVAL.search(normalise(text)))))
    if StepKind.DEPLOY in kinds and not environment:
        environment = environments[-1] if environments else ""
    reviewers = _REVIEWERS.search(words)
    is_somewhere = StepKind.DEPLOY in kinds or StepKind.VERIFY in kinds
    return FlowStep(
        number,
        text,
        kinds or (StepKind.PEOPLE,),
        (environment or latest) if is_somewhere else "",
        True if _AUTOMATIC.search(words) else False if _MANUAL.search(words) else None,
        int(reviewers[1]) if reviewers and StepKind.REVIEW in kinds else 1,
    )


def _kinds(words: str, has_environment: bool, is_approved: bool) -> Iterator[StepKind]:
    """Yield what a step asks for: what stands in its name first, then what its remark adds."""
    is_deployed = _DEPLOY.search(words) if has_environment else _DEPLOY_ANYWHERE.search(words)
    is_reviewed = _REVIEW.search(words) and not _OTHER_REVIEW.search(words)
    is_by_hand = bool(_BY_HAND.search(words))
    if is_reviewed:
        yield StepKind.REVIEW
    if _MERGE.search(words):
        yield StepKind.MERGE
    elif is_deployed:
        yield StepKind.DEPLOY
    if is_by_hand:
        yield StepKind.VERIFY
    elif not is_reviewed and _CHECKS.search(words):
        yield StepKind.CHECKS
    if is_approved and not is_reviewed:
        yield StepKind.APPROVAL


class Evidence(StrEnum):
    """How a release stands at one step of the flow."""

    GIVEN = "given"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """Nothing can prove it, or whoever could does not answer."""
    AHEAD = "ahead"
    """It comes with the release itself, or after it."""
    BY_PEOPLE = "by-people"
    """There is nothing to prove: the document says what people do."""


_WORST_FIRST = (Evidence.MISSING, Evidence.UNKNOWN, Evidence.AHEAD, Evidence.GIVEN, Evidence.BY_PEOPLE)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known about one thing that a step asks for."""

    evidence: Evidence
    said: Message
    at: datetime | None = None
    url: str = ""
    """Where the source shows it."""
    link: Link | None = None
    """The page of Toban that shows it."""


@dataclass(frozen=True, slots=True)
class ReleaseWay:
    """What is known about the way of one release."""

    environment: str
    """Where it goes."""
    served_at: datetime | None = None
    """When it served there."""
    proofs: Mapping[ProofKind, Seen] = field(default_factory=dict)
    """About its commit."""
    brought: Mapping[str, Seen] = field(default_factory=dict)
    """Environment → that these very bytes served there before."""
    verified: Mapping[str, Seen] = field(default_factory=dict)
    """Environment → that somebody looked at them there."""
    healthy: Mapping[str, Seen] = field(default_factory=dict)
    """Environment → that they were found healthy there, by Toban."""
    approval: Seen | None = None


@dataclass(frozen=True, slots=True)
class StepEvidence:
    """A step, and what a release has of it."""

    step: FlowStep
    evidence: Evidence
    said: Message
    at: datetime | None = None
    url: str = ""
    link: Link | None = None

    @property
    def proof(self) -> Mapping[str, object]:
        """The same as JSON values."""
        at = self.at.isoformat() if self.at is not None else ""
        return {"step": self.step.number, "evidence": self.evidence.value, "at": at, "url": self.url}


def steps_to(steps: Sequence[FlowStep], environment: str) -> Sequence[FlowStep]:
    """Return the steps on the way to *environment*: none of those that a later environment asks for.

    None at all if the flow does not lead there; all of them if it names no deployment.
    """
    if not any(StepKind.DEPLOY in each.kinds for each in steps):
        return steps
    there = [each.number for each in steps if _brings_to(each, environment)]
    if not there:
        return ()
    further = (each.number for each in steps if each.number > there[-1] and StepKind.DEPLOY in each.kinds)
    end = next(further, len(steps) + 1)
    # What stands before the next deployment and is not about this environment belongs to that one.
    return [
        each
        for each in steps
        if each.number <= there[-1] or (each.number < end and _is_about(each, environment))
    ]


def evidence(steps: Sequence[FlowStep], way: ReleaseWay) -> Sequence[StepEvidence]:
    """Return how a release stands at each step on its way."""
    return [_evidence(each, way) for each in steps_to(steps, way.environment)]


def lacking(found: Sequence[StepEvidence]) -> Sequence[StepEvidence]:
    """Return the steps that a release lacks, in order."""
    return [each for each in found if each.evidence is Evidence.MISSING]


def _brings_to(step: FlowStep, environment: str) -> bool:
    return StepKind.DEPLOY in step.kinds and step.environment == environment


def _is_about(step: FlowStep, environment: str) -> bool:
    return step.environment == environment or step.kinds == (StepKind.PEOPLE,)


def _evidence(step: FlowStep, way: ReleaseWay) -> StepEvidence:
    parts = [_part(kind, step, way) for kind in step.kinds]
    worst = min(parts, key=lambda each: _WORST_FIRST.index(each.evidence))
    times = [each.at for each in parts if each.at is not None]
    return StepEvidence(
        step,
        worst.evidence,
        sentences(*(each.said for each in parts)),
        max(times, default=None),
        next((each.url for each in (worst, *parts) if each.url), ""),
        next((each.link for each in (worst, *parts) if each.link is not None), None),
    )


def _part(kind: StepKind, step: FlowStep, way: ReleaseWay) -> Seen:
    match kind:
        case StepKind.REVIEW if step.people > 1:
            return _by_several(step, way)
        case StepKind.REVIEW | StepKind.MERGE | StepKind.CHECKS:
            return _proof(ProofKind(kind.value), way)
        case StepKind.DEPLOY:
            return _brought(step, way)
        case StepKind.VERIFY:
            return _verified(step, way)
        case StepKind.APPROVAL:
            return way.approval or Seen(Evidence.MISSING, Message("release-rows.not-approved"))
        case StepKind.PEOPLE:
            return Seen(Evidence.BY_PEOPLE, Message("release-rows.people-do-it"))


def _proof(kind: ProofKind, way: ReleaseWay) -> Seen:
    return way.proofs.get(kind) or Seen(Evidence.UNKNOWN, Message("release-rows.source-has-not-said"))


def _by_several(step: FlowStep, way: ReleaseWay) -> Seen:
    """Judge a review by several people: a source says that there was one, and who gave it if it knows."""
    found = _proof(ProofKind.REVIEW, way)
    people = found.said.values.get("reviewers")
    if found.evidence is not Evidence.GIVEN or (isinstance(people, tuple) and len(people) >= step.people):
        return found
    if isinstance(people, tuple):
        said = Message("release-rows.too-few-reviewers", wanted=step.people, count=len(people))
        return Seen(Evidence.MISSING, sentences(found.said, said), found.at, found.url)
    said = Message("release-rows.reviewers-not-counted", count=step.people)
    return Seen(Evidence.UNKNOWN, sentences(found.said, said), found.at, found.url)


def _brought(step: FlowStep, way: ReleaseWay) -> Seen:
    if step.environment != way.environment:
        missing = Message("release-rows.never-served-there", environment=step.environment)
        return way.brought.get(step.environment) or Seen(Evidence.MISSING, missing)
    if way.served_at is None:
        return Seen(Evidence.AHEAD, Message("release-rows.comes-with-it"))
    return Seen(Evidence.GIVEN, Message("release-rows.served", environment=step.environment), way.served_at)


def _verified(step: FlowStep, way: ReleaseWay) -> Seen:
    found = (way.healthy if step.is_automatic else way.verified).get(step.environment)
    if found is not None:
        return found
    if step.environment == way.environment:
        return Seen(Evidence.AHEAD, Message("release-rows.looked-at-afterwards"))
    code = "release-rows.not-found-healthy" if step.is_automatic else "release-rows.not-verified"
    return Seen(Evidence.MISSING, Message(code, environment=step.environment))


def verified_environments(steps: Sequence[FlowStep]) -> Sequence[FlowStep]:
    """Return the steps in which people look at a version, the first for each environment."""
    found: dict[str, FlowStep] = {}
    for each in steps:
        if StepKind.VERIFY in each.kinds and not each.is_automatic and each.environment:
            found.setdefault(each.environment, each)
    return tuple(found.values())


def whole(found: Sequence[StepEvidence]) -> Message:
    """Return in one sentence how far a release is on its way."""
    count = sum(each.evidence is Evidence.GIVEN for each in found)
    asked = sum(each.evidence is not Evidence.BY_PEOPLE for each in found)
    return Message("release-rows.steps-given", given=count, asked=asked) if found else NOTHING
