"""Where a conversation stands, derived from its rows. Pure: rows in, a situation out."""

from dataclasses import dataclass
from enum import StrEnum

from conversations.models import Conversation, Response, Turn
from conversations.protocols import Protocol


class Now(StrEnum):
    OPENING = "opening"  # the first message is to be written
    ANSWERING = "answering"  # models are speaking
    STUCK = "stuck"  # no answer arrived
    UNEVEN = "uneven"  # only one of two answers arrived, so that they cannot be compared
    RATING = "rating"
    VOTING = "voting"
    CHOOSING = "choosing"  # the participant says which answer goes on: of the best, or of all
    REPLYING = "replying"  # the next message, or the end
    FEEDBACK = "feedback"
    OVER = "over"


@dataclass(frozen=True)
class Situation:
    now: Now
    turn: Turn | None
    may_say: bool = False
    may_finish: bool = False
    responses: tuple[Response, ...] = ()


def situation(
    conversation: Conversation, turn: Turn | None, responses: list[Response], protocol: Protocol
) -> Situation:
    """`turn` is the newest and `responses` its shown ones, with `rating`, `choice` and `vote` at hand."""
    if conversation.state == Conversation.State.FEEDBACK:
        return Situation(Now.FEEDBACK, turn)
    if conversation.state != Conversation.State.OPEN:
        return Situation(Now.OVER, turn)
    if turn is None:
        return Situation(Now.OPENING, None, may_say=True)
    if any(not response.is_finished for response in responses):
        return Situation(Now.ANSWERING, turn)
    if not any(response.is_rateable for response in responses):
        return Situation(Now.STUCK, turn)
    if protocol.ballot:
        return _compared(turn, responses, protocol)
    is_decided = hasattr(turn, "choice")
    if not is_decided and not any(hasattr(response, "rating") for response in responses):
        return Situation(Now.RATING, turn)
    if not is_decided and not protocol.all_go_on:
        return Situation(Now.CHOOSING, turn)
    turns = turn.number + 1
    return Situation(
        Now.REPLYING, turn, may_say=turns < protocol.maximum_turns, may_finish=turns >= protocol.minimum_turns
    )


def _compared(turn: Turn, responses: list[Response], protocol: Protocol) -> Situation:
    """Where answers are voted on, both models go on, and no feedback is due at the end."""
    if not all(response.is_rateable for response in responses):
        return Situation(Now.UNEVEN, turn)
    if not hasattr(turn, "vote"):
        return Situation(Now.VOTING, turn)
    return Situation(Now.REPLYING, turn, may_say=turn.number + 1 < protocol.maximum_turns)
