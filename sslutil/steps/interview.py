"""Questions asked one after another, back and forth: a state for each answer, without terminal or disk."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from sslutil.errors import SiteError, SslutilError
from sslutil.site import Site, judge_value, judge_whole, lay, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

BACK = ("back", "<")
EXPLAIN = ("?", "help")
_NOTHING: Mapping[str, Any] = MappingProxyType({})


def always(_site: Site) -> bool:
    """Return that a question is asked whatever was answered before it."""
    return True


def as_typed(text: str) -> Any:  # noqa: ANN401  a TOML value
    """Return TOML's value for an answer that is a text."""
    return text


class Question(NamedTuple):
    """One key of the site, as a person is asked for it."""

    key: str
    words: str
    """Half a sentence, to which the answer is the other half; empty where it is never asked."""
    explanation: str = ""
    parse: Callable[[str], Any] = as_typed
    """What is typed → TOML's value; raises SslutilError."""
    render: Callable[[Any], str] = str
    """TOML's value → what would be typed."""
    choices: tuple[tuple[str, str], ...] = ()
    """The answers where they are few, and what each means."""
    applies: Callable[[Site], bool] = always
    """Whether it is asked, by what was answered before."""
    otherwise: Any = None
    """TOML's value where it does not apply; None leaves the site as it is."""
    decides: tuple[str, ...] | None = None
    """The keys whose contradictions are this answer's; its own by default. What a later answer cures is not."""
    offer: str = ""
    """What an empty answer means where the site says nothing."""


class Interview(NamedTuple):
    """How far a person has come."""

    questions: tuple[Question, ...]
    before: Site
    """What the answers change."""
    answers: Mapping[str, Any] = _NOTHING
    """TOML's values by dotted key."""
    path: tuple[int, ...] = ()
    """Which questions were asked, the present one last; one behind the last question is the end."""
    told: tuple[str, ...] = ()
    """What is said before the present question."""

    @property
    def question(self) -> Question | None:
        """The present question; None at the end."""
        return self.questions[self.path[-1]] if self.path[-1] < len(self.questions) else None

    @property
    def edits(self) -> dict[str, Any]:
        """The keys that are to change, as TOML's values: where an answer differs from what is."""
        return _settle(self.questions, self.before, self.answers)

    @property
    def site(self) -> Site:
        """The site as answered so far; what no single key shows is not judged."""
        return lay(self.before, self.edits)

    @property
    def offer(self) -> str:
        """What an empty answer to the present question means."""
        question = self.question
        if question is None:
            return ""
        setting = settings()[question.key]
        value = self.answers.get(question.key, setting.render(self.site.value(question.key)))
        return question.render(value) or question.offer


def begin(questions: tuple[Question, ...], before: Site) -> Interview:
    """Return the interview at its first question."""
    return _advance(Interview(questions, before), -1)


def take(interview: Interview, typed: str) -> Interview:
    """Return the interview after an answer: further, one back, or at the same question with what is wrong."""
    question = interview.question
    if question is None:
        return interview
    if typed.lower() in EXPLAIN:
        return interview._replace(told=(question.explanation, "Enter keeps what is in brackets, back goes back"))
    if typed.lower() in BACK:
        return go_back(interview)
    try:
        return _accept(interview, question, typed)
    except SslutilError as fault:
        return interview._replace(told=(_say(fault),))


def go_back(interview: Interview) -> Interview:
    """Return the interview one question back; its answer is kept as the offer."""
    if len(interview.path) < 2:  # noqa: PLR2004  the present one, and one before
        return interview._replace(told=("this is the first question; ctrl-C ends, and changes nothing",))
    return _introduce(interview._replace(path=interview.path[:-1], told=()))


def go_to(interview: Interview, key: str, told: str) -> Interview:
    """Return the interview at the question that decides a key, or at the last one asked, saying why."""
    asked = [place for place in interview.path if place < len(interview.questions)]
    found = [index for index, place in enumerate(asked) if key in decided_by(interview.questions[place])]
    path = tuple(asked[: found[0] + 1] if found else asked)
    return _introduce(interview._replace(path=path, told=(told,) if told else ()))


def _accept(interview: Interview, question: Question, typed: str) -> Interview:
    value = _parse(question, typed)
    answered = interview._replace(answers={**interview.answers, question.key: value}, told=())
    try:
        judge_whole(answered.site)
    except SiteError as fault:
        if fault.key in decided_by(question):
            raise
    return _advance(answered, interview.path[-1])


def _parse(question: Question, typed: str) -> Any:  # noqa: ANN401  a TOML value
    """Return what an answer means, judged; the beginning of a choice stands for it where there is but one such."""
    if question.choices:
        begun = [name for name, _ in question.choices if name.startswith(typed.lower())]
        typed = typed.lower() if len(begun) != 1 else begun[0]
    value = question.parse(typed)
    judge_value(settings()[question.key], value)
    return value


def decided_by(question: Question) -> tuple[str, ...]:
    """Return the keys whose contradictions are an answer's."""
    return (question.key,) if question.decides is None else question.decides


def _advance(interview: Interview, place: int) -> Interview:
    """Return the interview at the next question behind `place` that applies, or at the end."""
    site = interview.site
    further = range(place + 1, len(interview.questions))
    applying = (n for n in further if interview.questions[n].words and interview.questions[n].applies(site))
    return _introduce(interview._replace(path=(*interview.path, next(applying, len(interview.questions)))))


def _introduce(interview: Interview) -> Interview:
    question = interview.question
    choices = question.choices if question else ()
    width = max((len(name) for name, _ in choices), default=0)
    return interview._replace(told=(*interview.told, "", *(f"  {name:{width}}  {title}" for name, title in choices)))


def _settle(questions: tuple[Question, ...], before: Site, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the answers change: an answer to what is no longer asked counts for nothing."""
    edits: dict[str, Any] = {}
    site = before
    for question in questions:
        value = answers.get(question.key) if question.applies(site) else question.otherwise
        if value is None:
            continue
        changed = lay(site, {question.key: value})
        if changed != site:
            edits[question.key] = value
            site = changed
    return edits


def _say(fault: SslutilError) -> str:
    advice = fault.hint if fault.hint.startswith("did you mean") else ""
    return f"{fault.message}; {advice}" if advice else fault.message
