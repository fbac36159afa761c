"""The ports of one atomic unit, over one connection: `store.ports.Transaction`."""

from functools import cached_property

import sqlalchemy as sa

from store.backlog import Backlog
from store.captures import Captures
from store.checkpoints import Checkpoints
from store.erasure import Erasure
from store.items import Items
from store.log import EventLog
from store.outbox import Outbox
from store.polls import PollStates
from store.rules import Rules
from store.texts import Texts
from store.tree_heads import TreeHeads
from store.visits import PagePlans, Visits


class Transaction:
    """Made when a transaction begins, worthless when it ends. Ports are made when asked for."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection

    @cached_property
    def log(self) -> EventLog:
        """The append-only log."""
        return EventLog(self.connection)

    @cached_property
    def texts(self) -> Texts:
        """Texts beside the log."""
        return Texts(self.connection)

    @cached_property
    def captures(self) -> Captures:
        """Raw captures of responses."""
        return Captures(self.connection)

    @cached_property
    def items(self) -> Items:
        """Items by identity."""
        return Items(self.connection)

    @cached_property
    def polls(self) -> PollStates:
        """What polling remembers."""
        return PollStates(self.connection)

    @cached_property
    def visits(self) -> Visits:
        """Visits to the pages behind items."""
        return Visits(self.connection)

    @cached_property
    def page_plans(self) -> PagePlans:
        """By which settings those were planned."""
        return PagePlans(self.connection)

    @cached_property
    def outbox(self) -> Outbox:
        """What must leave the house."""
        return Outbox(self.connection)

    @cached_property
    def backlog(self) -> Backlog:
        """What of the outbox waits for a person."""
        return Backlog(self.connection)

    @cached_property
    def erasure(self) -> Erasure:
        """Removal of words for good."""
        return Erasure(self.connection)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        """How far each follower has read."""
        return Checkpoints(self.connection)

    @cached_property
    def tree_heads(self) -> TreeHeads:
        """Signed checkpoints."""
        return TreeHeads(self.connection)

    @cached_property
    def rules(self) -> Rules:
        """The rules as the log tells them."""
        return Rules(self.connection)

    def flush(self) -> None:
        """Write what the ports have gathered; called by the writer when the job has ended."""
        if "texts" in self.__dict__:
            self.texts.flush()
