"""Bugs of the machinery: transactions, desks, outboxes, idempotency keys, calls."""

from tests.mutants.mutant import MONEY, REQUESTS, SEATS, Mutant

DATABASE = "services/chassis/database.py"
CONNECTIONS = "services/chassis/connections.py"
PIPELINE = "services/chassis/pipeline.py"
DESK = "services/chassis/desk.py"
OUTBOX = "services/chassis/outbox.py"
KEYS = "services/chassis/idempotency.py"
CALLS = "services/chassis/calls.py"

COMMIT = ("tests/chassis/test_commit.py", "tests/chassis/test_database.py")
POOL = ("tests/chassis/test_database.py",)
STATEMENTS = ("tests/chassis/test_pipeline.py",)
BATCHES = ("tests/chassis/test_desk.py",)
RELAY = ("tests/chassis/test_outbox.py",)
ONCE = ("tests/chassis/test_idempotency.py",)
WIRE = ("tests/chassis/test_calls.py",)

MUTANTS = (
    Mutant(
        "transactions leave no mark",
        DATABASE,
        "                        pipeline.add(MARK, (marker,))\n",
        '                        pipeline.add("SELECT 1")\n',
        SEATS,
        COMMIT,
    ),
    Mutant(
        "a commit whose answer was lost is run again",
        DATABASE,
        "            if not (committing and await self._was_committed_after(error, marker)):\n                raise\n",
        "            raise\n",
        MONEY,
        COMMIT,
    ),
    Mutant(
        "a commit whose answer was lost passes for done",
        DATABASE,
        "            if not (committing and await self._was_committed_after(error, marker)):\n                raise\n",
        "            pass\n",
        MONEY,
        COMMIT,
    ),
    Mutant(
        "a transaction whose rows were lost is run again",
        DATABASE,
        "            if committing and await self._was_committed_after(error, marker):",
        "            if not committing:",
        MONEY,
        COMMIT,
    ),
    Mutant(
        "a statement goes on at the server when its caller has left",
        PIPELINE,
        "                await self._connection.cancel_safe(timeout=GIVE_UP_SECONDS)\n",
        "",
        REQUESTS,
        STATEMENTS,
    ),
    Mutant(
        "statements that the server skipped pass for prepared",
        PIPELINE,
        "            elif result.status != pq.ExecStatus.PIPELINE_ABORTED:",
        "            elif result.status != pq.ExecStatus.FATAL_ERROR:",
        REQUESTS,
        POOL,
    ),
    Mutant(
        "a transaction whose statement failed passes for committed",
        DATABASE,
        '                    if commit.tag != b"COMMIT":',
        "                    if not commit.tag:",
        MONEY,
        (*COMMIT,),
    ),
    Mutant(
        "connections that died are lent",
        DATABASE,
        "            if not _has_died(connection):",
        "            if connection:",
        REQUESTS,
        POOL,
    ),
    Mutant(
        "locks are waited for without end",
        CONNECTIONS,
        "LOCK_TIMEOUT_MS = 2_000",
        "LOCK_TIMEOUT_MS = 0",
        REQUESTS,
        POOL,
    ),
    Mutant(
        "a script is run again whatever it raised",
        DATABASE,
        "            return await script(*args, **kwargs)\n        except Interrupted:",
        "            return await script(*args, **kwargs)\n        except Exception:",
        REQUESTS,
        POOL,
    ),
    Mutant(
        "settlements wait behind sales",
        DESK,
        "for queue, urgent in ((line.urgent, True), (line.ordinary, False)):",
        "for queue, urgent in ((line.ordinary, False), (line.urgent, True)):",
        REQUESTS,
        BATCHES,
    ),
    Mutant(
        "commands that were put back change their order",
        DESK,
        "        for entry in reversed(entries):",
        "        for entry in entries:",
        REQUESTS,
        BATCHES,
    ),
    Mutant(
        "commands whose callers went away are carried out",
        DESK,
        "        if entry.waits:\n            entry.waits = False",
        "        if not entry.command:\n            entry.waits = False",
        REQUESTS,
        BATCHES,
    ),
    Mutant(
        "callers get each other's answers",
        DESK,
        "return [*first, *await self._outcomes(batch[middle:], wait=wait)]",
        "return [*await self._outcomes(batch[middle:], wait=wait), *first]",
        SEATS,
        BATCHES,
    ),
    Mutant(
        "a batch whose outcome is unknown is run again",
        DESK,
        "            except Interrupted as failure:\n",
        "            except Failure as failure:\n",
        SEATS,
        BATCHES,
    ),
    Mutant(
        "a key is in two batches at once",
        DESK,
        "        line.of(command).append(entry)\n        self._queued",
        "        line.of(command).append(entry)\n"
        "        if command.key not in self._ready:\n"
        "            self._ready.append(command.key)\n"
        "            self._open_lane()\n"
        "        self._queued",
        SEATS,
        BATCHES,
    ),
    Mutant(
        "a queue takes one more than it has room for",
        DESK,
        "if self._queued[command.urgent] >= self._max_queue:",
        "if self._queued[command.urgent] > self._max_queue:",
        REQUESTS,
        BATCHES,
    ),
    Mutant(
        "one poisonous command fails its batch",
        DESK,
        "                if len(batch) == 1:",
        "                if batch:",
        REQUESTS,
        BATCHES,
    ),
    Mutant(
        "a message is deleted before it is delivered",
        OUTBOX,
        "        outcomes = await _offer(deliver, rows)\n",
        "        await self._db.execute(DELIVERED, ([row.id for row in rows],))\n"
        "        outcomes = await _offer(deliver, rows)\n",
        MONEY,
        RELAY,
    ),
    Mutant(
        "a message that was not taken is deleted",
        OUTBOX,
        "zip(rows, outcomes, strict=True) if outcome is None]\n        if done:",
        "zip(rows, outcomes, strict=True)]\n        if done:",
        MONEY,
        RELAY,
    ),
    Mutant(
        "a peer that is away makes dead letters",
        OUTBOX,
        "[row.refusals + (not is_transient(failure)) for row, failure in late]",
        "[row.refusals + 1 for row, failure in late]",
        MONEY,
        RELAY,
    ),
    Mutant(
        "a message has one life too many",
        OUTBOX,
        "late.refusals >= %s THEN",
        "late.refusals > %s THEN",
        REQUESTS,
        RELAY,
    ),
    Mutant(
        "two relays deliver the same messages at once",
        OUTBOX,
        "AND dead_at IS NULL AND next_attempt_at <= (SELECT clock_timestamp())",
        "AND dead_at IS NULL",
        REQUESTS,
        RELAY,
    ),
    Mutant(
        "a redriven letter has one life left",
        OUTBOX,
        "dead_reason = NULL, refusals = 0, next_attempt_at",
        "dead_reason = NULL, next_attempt_at",
        REQUESTS,
        RELAY,
    ),
    Mutant(
        "one poisonous message holds up its topic",
        OUTBOX,
        "        if len(rows) == 1 or is_transient(failure):",
        "        if failure:",
        REQUESTS,
        RELAY,
    ),
    Mutant(
        "keys belong to all users",
        KEYS,
        "AS asked (user_id, method, key) USING (user_id, method, key)",
        "AS asked (user_id, method, key) USING (method, key)",
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "keys belong to all methods",
        KEYS,
        "AS asked (user_id, method, key) USING (user_id, method, key)",
        "AS asked (user_id, method, key) USING (user_id, key)",
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "a key is good for any request",
        KEYS,
        "        if request_hash != self.request_hash:",
        "        if not request_hash:",
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "a request's hash does not cover the request",
        KEYS,
        "hashlib.sha256(copy.SerializeToString(deterministic=True))",
        "hashlib.sha256(method.encode())",
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "equal requests do not take turns",
        KEYS,
        'LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"',
        'LOCK = "SELECT hashtextextended(%s, 0)"',
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "an answer is not stored",
        KEYS,
        "            await keep(tx, (self.key, answer.SerializeToString()))",
        "            pass",
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "of equal requests around calls each has its own answer",
        KEYS,
        "        return [_outcome(keep.asked, by_name[keep.key]) for keep in batch]\n",
        "        return [keep.answer for keep in batch]\n",
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "keys are forgotten at once",
        KEYS,
        "(SELECT boxoffice_clock()) - make_interval(days => %s)",
        "(SELECT boxoffice_clock()) - 0 * make_interval(days => %s)",
        REQUESTS,
        ONCE,
    ),
    Mutant(
        "two keys in one request are one too many, and nobody says so",
        CALLS,
        "        if len(keys) > 1:",
        "        if len(keys) > 2:",
        REQUESTS,
        WIRE,
    ),
    Mutant(
        "rules of the contract are not checked",
        CALLS,
        "    check(request)\n    if access is not None:\n",
        "    if access is not None:\n",
        REQUESTS,
        WIRE,
    ),
)
