"""The desk against a simple model: random commands, callers that leave, and a kitchen where everything goes wrong."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import Aborted, Interrupted, ResourceExhausted, Unavailable
from services.chassis.writes.desk import BUSY, Desk
from tests.chassis.instant import run
from tests.chassis.kitchen import Order

KEYS = "abcde"
HOW = ("fine", "fine", "fine", "busy", "interrupted", "unknown", "poison", "refuse")


@dataclass
class Model:
    """Carries batches out as it was drawn, and writes down what it did."""

    draws: list[tuple[str, int]]
    """How each batch goes, and how long it takes in milliseconds; then over again."""

    carried_out: Counter[str] = field(default_factory=Counter)
    first_taken: list[Order] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    runs: int = 0
    _keys: set[str] = field(default_factory=set)

    async def __call__(self, batch: Sequence[Order], *, wait: bool) -> Sequence[Any]:
        keys = {order.key for order in batch}
        if not batch or keys & self._keys or (wait and len(keys) > 1):
            self.faults.append(f"{batch} {self._keys} {wait}")
        for order in batch:
            if order.name not in self.seen:
                self.seen.add(order.name)
                self.first_taken.append(order)
        how, milliseconds = self.draws[self.runs % len(self.draws)]
        self.runs += 1
        self._keys |= keys
        try:
            await asyncio.sleep(milliseconds / 1000)
        finally:
            self._keys -= keys
        if how == "interrupted":
            raise Interrupted()
        if how == "unknown":
            raise Unavailable()
        if how == "poison" and any(order.name.endswith("3") for order in batch):
            raise ValueError("poison")
        busy = min(keys) if how == "busy" else ""
        answers: list[Any] = []
        for order in batch:
            if order.key == busy:
                answers.append(BUSY)
            elif how == "refuse" and order.name.endswith("7"):
                answers.append(Aborted())
            else:
                self.carried_out[order.name] += 1
                answers.append(order.name)
        return answers


callers = st.tuples(
    st.sampled_from(KEYS),
    st.booleans(),
    st.integers(0, 3),  # milliseconds until the next caller comes
    st.one_of(st.none(), st.integers(0, 30)),  # milliseconds until this one goes away
)


@settings(max_examples=100, deadline=None)
@given(
    arrivals=st.lists(callers, min_size=1, max_size=60),
    draws=st.lists(st.tuples(st.sampled_from(HOW), st.integers(0, 20)), min_size=1, max_size=12).filter(
        lambda draws: any(how in ("fine", "unknown", "refuse") for how, _ in draws)
    ),
    lanes=st.integers(1, 3),
    max_batch=st.integers(1, 8),
    max_keys=st.integers(1, 4),
    max_queue=st.integers(2, 20),
)
def test_every_command_is_answered_once_and_truly(
    arrivals: list[tuple[str, bool, int, int | None]],
    draws: list[tuple[str, int]],
    lanes: int,
    max_batch: int,
    max_keys: int,
    max_queue: int,
) -> None:
    model = Model(draws)
    orders = [Order(key, str(number), urgent) for number, (key, urgent, _, _) in enumerate(arrivals)]

    async def call(desk: Desk[Order, Any], order: Order, patience: int | None) -> Any:
        try:
            async with asyncio.timeout(None if patience is None else patience / 1000):
                return await desk.submit(order)
        except TimeoutError:
            return "gone"

    async def scenario() -> None:
        desk: Desk[Order, Any] = Desk(model, lanes=lanes, max_batch=max_batch, max_keys=max_keys, max_queue=max_queue)
        waiting = []
        for order, (_, _, pause, patience) in zip(orders, arrivals, strict=True):
            waiting.append(asyncio.ensure_future(call(desk, order, patience)))
            await asyncio.sleep(pause / 1000)
        # A hang ends the test: nothing is left to happen (see instant.py).
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        await desk.close()

        assert not model.faults
        for order, answer in zip(orders, answers, strict=True):
            done = model.carried_out[order.name]
            assert done <= 1, "carried out at most once"
            if answer == order.name:
                assert done == 1
            elif answer == "gone":
                pass  # dropped, or carried out for nobody
            else:
                assert isinstance(answer, Aborted | Unavailable | ResourceExhausted | ValueError), answer
                assert done == 0
                if isinstance(answer, ResourceExhausted):
                    assert order.name not in model.seen, "refused before it was queued"
        for key in KEYS:
            for urgent in (True, False):
                taken = [int(it.name) for it in model.first_taken if it.key == key and it.urgent == urgent]
                assert taken == sorted(taken), "taken in the order of arrival"
        assert not desk._lines and not desk._lines.stuck and not desk._tasks
        assert desk._lines.waiting == 0
        assert (desk._lanes, desk._waiting_lanes) == (lanes, 4)

    run(scenario())
