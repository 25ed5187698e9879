"""The bare floor of a draw, in a process of its own: `python floor.py URL DRAWS CONNECTIONS OFFSET LOCK`.

The rows that one draw writes, in two transactions, by plain psycopg: one prepared statement a row, into copies of the
application's tables with their indexes, without foreign keys, triggers, policies, hashes or signatures. With LOCK
"ordered" each transaction begins by locking the head of the log, as any log without gaps must; with "free" none does.
Says "ready", waits for a line, and prints the times of each draw as JSON.
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from threading import local
from uuid import uuid4

import psycopg
from psycopg.types.json import Jsonb

TABLES = {
    "leaf": "allocation_logleaf",
    "audit": "audit_auditevent",
    "outbox": "audit_outboxmessage",
    "place": "allocation_allocation",
    "key": "allocation_idempotencyrecord",
    "head": "allocation_loghead",
    "stratum": "allocation_stratumstate",
    "person": "enrolment_participant",
}
WARM_UP = 20  # draws a connection, not counted: the server reads its catalogues and prepares the statements
TEXT = "x" * 400  # as long as a leaf
HASH = "a" * 64
PAPER = {"leaf": TEXT, "leaf_sha256": HASH, "proof": [HASH] * 9, "checkpoint": {"root": HASH, "signature": HASH * 2}}

LEAF = "INSERT INTO floor_leaf (trial_id, seq, kind, text, leaf_hash) VALUES (1, %s, 'ENROL', %s, %s)"
AUDIT = (
    "INSERT INTO floor_audit (id, time, actor_id, actor, verb, trial, subject, details) "
    "VALUES (%s, now(), 4, 'actor', 'verb', 'trial', 'subject', %s)"
)
OUTBOX = (
    "INSERT INTO floor_outbox (id, created_at, kind, recipient, payload, attempts) "
    "VALUES (%s, now(), 'arm_drawn', 'somebody', %s, 0)"
)
PLACE = (
    "INSERT INTO floor_place (participant_id, trial_id, office_id, who, stratum, position, factors, enrolled_at, "
    "enrol_seq) VALUES (%s, 1, 2, %s, 'Moss', %s, '{}', now(), %s)"
)
DRAWN = (
    "UPDATE floor_place SET arm_id = 1, drawn_at = now(), drawn_by_id = 4, alloc_seq = %s, receipt = %s "
    "WHERE participant_id = %s"
)
HEAD = "UPDATE floor_head SET size = size + 1, frontier = %s WHERE trial_id = 1"


def draw(database: psycopg.Connection, serial: int, *, ordered: bool) -> None:
    key, seq = uuid4(), 2 * serial
    with database.transaction(), database.cursor() as cursor:
        _begin(cursor, ordered)
        cursor.execute(
            "INSERT INTO floor_key (trial_id, key, fingerprint, answer, created_at) VALUES (1, %s, %s, '', now())",
            (str(key), HASH),
        )
        _log(cursor, seq)
        cursor.execute(PLACE, (key, key.hex, serial, seq))
        cursor.execute("UPDATE floor_person SET state = 'enrolled', enrolled_at = now() WHERE serial = %s", (serial,))
        cursor.execute("UPDATE floor_stratum SET enrolled = enrolled + 1 WHERE trial_id = 1")
        cursor.execute(HEAD, (Jsonb([HASH] * 9),))
    with database.transaction(), database.cursor() as cursor:
        _begin(cursor, ordered)
        _log(cursor, seq + 1)
        cursor.execute(OUTBOX, (uuid4(), Jsonb({"trial": "se-klar"})))
        cursor.execute(DRAWN, (seq + 1, Jsonb(PAPER), key))
        cursor.execute("UPDATE floor_person SET state = 'allocated' WHERE serial = %s", (serial,))
        cursor.execute("UPDATE floor_key SET answer = %s WHERE key = %s", (json.dumps(PAPER), str(key)))
        cursor.execute(
            "UPDATE floor_stratum SET drawn = drawn + 1, state = %s WHERE trial_id = 1", (Jsonb([0, 1, [5, 3]]),)
        )
        cursor.execute(HEAD, (Jsonb([HASH] * 9),))


def _begin(cursor: psycopg.Cursor, ordered: bool) -> None:
    if ordered:
        cursor.execute("SELECT size FROM floor_head WHERE trial_id = 1 FOR NO KEY UPDATE")


def _log(cursor: psycopg.Cursor, seq: int) -> None:
    cursor.execute(LEAF, (seq, TEXT, HASH))
    for _ in range(2):
        cursor.execute(AUDIT, (uuid4(), Jsonb({"seq": seq})))


def make_tables(url: str, people: int) -> None:
    """Empty copies of the application's tables, and the people who are to be drawn."""
    with psycopg.connect(url, autocommit=True) as database:
        for name, original in TABLES.items():
            database.execute(f"DROP TABLE IF EXISTS floor_{name}")
            database.execute(f"CREATE TABLE floor_{name} (LIKE {original} INCLUDING INDEXES INCLUDING IDENTITY)")
        database.execute("ALTER TABLE floor_person ADD serial bigint")
        database.execute("SELECT set_config('app.maintenance', 'on', false)")
        database.execute(
            "INSERT INTO floor_person SELECT made.*, serial FROM (SELECT * FROM enrolment_participant LIMIT 1) known, "
            "generate_series(0, %s) serial, jsonb_populate_record(NULL::enrolment_participant, to_jsonb(known) || "
            "jsonb_build_object('key', gen_random_uuid(), 'number', 'Z' || serial, 'state', 'consented')) made",
            (people,),
        )
        database.execute("CREATE INDEX ON floor_person (serial)")
        database.execute("INSERT INTO floor_head (trial_id, size, frontier) VALUES (1, 0, '[]')")
        database.execute(
            "INSERT INTO floor_stratum (trial_id, stratum, enrolled, drawn, state) VALUES (1, 'Moss', 0, 0, '[]')"
        )


def main(url: str, draws: int, connections: int, offset: int, lock: str) -> None:
    mine = local()

    def one(serial: int) -> tuple[float, float]:
        if not hasattr(mine, "database"):
            mine.database = psycopg.connect(url)
        began = time.time()
        draw(mine.database, serial, ordered=lock == "ordered")
        return began, time.time()

    with ThreadPoolExecutor(connections) as pool:
        first = offset + connections * WARM_UP
        list(pool.map(one, range(offset, first)))
        print("ready", flush=True)
        sys.stdin.readline()
        print(json.dumps(list(pool.map(one, range(first, first + draws)))))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5])
