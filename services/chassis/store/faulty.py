"""The pipeline with fault points, which database.py takes instead of the plain one while they are armed: see faults."""

from collections.abc import Sequence

from services.chassis.sight import faults
from services.chassis.sight.faults import Kind, named
from services.chassis.store.pipeline import Answer, Connection, Parameters, Pipeline, Statement


class FaultyPipeline(Pipeline):
    """A pipeline that comes to a point wherever something may go wrong, and goes on as the controller says."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._own = {"BEGIN", "COMMIT"}  # statements that no point is named after
        self._done: list[tuple[str, bool]] = []  # the transaction's statements, and whether to any effect

    def add(self, sql: str, parameters: Parameters = ()) -> None:
        super().add(sql, parameters)
        if sql not in self._own:
            self._done.append((sql, True))

    async def begin(self, first: Statement) -> None:
        self._own.add(first[0])
        await self._reach(Kind.BEGIN)
        await super().begin(first)

    async def fetch(self, *statements: Statement) -> list[Answer]:
        answers = await super().fetch(*statements)
        done = [(sql, answer.rowcount > 0) for (sql, _), answer in zip(statements, answers, strict=True)]
        self._done[len(self._done) - len(done) :] = done
        await self._reach(Kind.EXECUTE, done)
        return answers

    async def send(self) -> None:
        await super().send()
        if self.committing:
            await self._reach(Kind.COMMITTED, self._done)

    async def commit(self) -> None:
        await self._reach(Kind.COMMIT, self._done)
        await super().commit()

    async def transact(self, first: Statement, *statements: Statement) -> list[Answer]:
        self._own.add(first[0])
        await self._reach(Kind.BEGIN)
        await self._reach(Kind.COMMIT, [(sql, True) for sql, _ in statements])
        return await super().transact(first, *statements)

    async def alone(self, statement: Statement) -> Answer:
        await self._reach(Kind.BEGIN, [(statement[0], True)])
        answer = await super().alone(statement)
        self._pgconn.exit_pipeline_mode()  # all is done: what the connection is asked next has to meet its loss
        await self._reach(Kind.COMMITTED, [(statement[0], answer.rowcount > 0)])
        return answer

    async def _reach(self, kind: Kind, statements: Sequence[tuple[str, bool]] = ()) -> None:
        if faults.armed is not None:
            await faults.armed.reach(kind, named(statements), connection=self._connection)
